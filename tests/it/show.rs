//! `lockstep show` as a user runs it: what each picture claims must hold in the numbers beside it.

use crate::common::Workdir;
use crate::common::process::Running;
use serde_json::Value;

const FEW: [&str; 4] = ["--device", "cpu", "--threads", "1"];
/// Enough nets and epochs for the claims, few enough for a test.
const QUICK: [&str; 4] = ["--nets", "40", "--epochs", "1500"];

fn summary(dir: &Workdir, arguments: &[&str]) -> Value {
    let output = dir.run(&[&["show"], arguments, &FEW, &["--json"]].concat(), 0);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A column of `runs/show-<name>/<file>` as numbers.
fn column(dir: &Workdir, name: &str, file: &str, column: &str) -> Vec<f64> {
    let text = std::fs::read_to_string(dir.path().join(format!("runs/show-{name}/{file}"))).unwrap();
    let mut lines = text.lines();
    let index = lines.next().unwrap().split(',').position(|cell| cell == column).unwrap();
    lines.map(|line| line.split(',').nth(index).unwrap().parse().unwrap()).collect()
}

#[test]
fn activations_are_what_calculus_says() {
    let dir = Workdir::new();
    let found = summary(&dir, &["activations"]);
    let of = |key: &str| found["functions"].as_array().unwrap().iter().map(|f| f[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("activation"), ["sigmoid", "tanh", "relu"]);
    assert_eq!(of("largest_gradient"), [0.25, 1.0, 1.0]);
    assert_eq!(of("lowest"), [0.0, -1.0, 0.0]);
    assert_eq!(of("zero_mean"), [false, true, false]);
    assert_eq!(of("unbounded"), [false, false, true]);
    // math.tanh(-6.0)
    assert_eq!(column(&dir, "activations", "activations.csv", "tanh")[0], -0.9999877116507956);
    // 1/(1 + e^-x) has the derivative s(1 - s) at every x.
    let s = column(&dir, "activations", "activations.csv", "sigmoid");
    let gradient = column(&dir, "activations", "activations.csv", "sigmoid_gradient");
    assert!(s.iter().zip(gradient).all(|(s, gradient)| (s * (1.0 - s) - gradient).abs() < 1e-15));
}

#[test]
fn gradients_vanish_explode_and_hold_where_the_tutorial_says() {
    let dir = Workdir::new();
    let found = summary(&dir, &["gradients"]);
    let scenarios = found["scenarios"].as_array().unwrap();
    let ratio = |index: usize| {
        let signal = scenarios[index]["signal"].as_array().unwrap();
        signal[0].as_f64().unwrap() / signal[19].as_f64().unwrap()
    };
    let name = |index: usize| {
        let scenario = &scenarios[index]["scenario"];
        (scenario["activation"].as_str().unwrap(), scenario["weights"]["uniform"]["low"].as_f64())
    };
    assert_eq!((name(0), name(3), name(5)), (("sigmoid", Some(0.0)), ("relu", Some(1.0)), ("relu", None)));
    // A factor of at most 1/4 a layer with nothing to make up for it: 20 layers leave less than 1e-6.
    assert!(ratio(0) < 1e-6, "{}", ratio(0));
    assert!(ratio(3) > 1e6, "{}", ratio(3));
    assert!((1e-2..1e2).contains(&ratio(5)), "{}", ratio(5));
    let verdicts: Vec<_> = scenarios.iter().map(|one| one["finding"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["vanishes", "vanishes", "vanishes", "explodes", "holds", "holds"]);
}

#[test]
fn gradients_take_a_scenario_of_ones_own() {
    let dir = Workdir::new();
    let own = ["gradients", "--activation", "identity", "--weight-scale", "0.3", "--depth", "5", "--width", "64"];
    let found = summary(&dir, &own);
    let scenarios = found["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), 1);
    // E‖δWᵀ‖² = scale² · ‖δ‖² for weights of variance scale²/width that δ does not depend on: at this scale the outputs
    // are small beside the targets. 64 units and 50 nets keep chance below a tenth.
    let factor = scenarios[0]["factor"].as_f64().unwrap();
    assert!((factor / 0.3 - 1.0).abs() < 0.1, "{factor}");
    assert_eq!(column(&dir, "gradients", "gradients.csv", "layer"), [1.0, 2.0, 3.0, 4.0, 5.0]);
    let all = summary(&dir, &["gradients", "--weight-scale", "1"]);
    assert_eq!(all["scenarios"].as_array().unwrap().len(), 3);
}

#[test]
fn a_deep_net_without_activations_is_its_layers_product() {
    let dir = Workdir::new();
    let found = summary(&dir, &["nonlinearity"]);
    let [linear, tanh] = [&found["no_activation"], &found["tanh"]];
    let share =
        |net: &Value| net["largest_difference_from_product"].as_f64().unwrap() / net["largest_logit"].as_f64().unwrap();
    // float64 rounding over four layers of sixteen units; a net that is not linear differs by the size of its logits.
    assert!(share(linear) < 1e-12 && share(tanh) > 0.1, "{} {}", share(linear), share(tanh));
    assert!(tanh["accuracy"].as_f64() > linear["accuracy"].as_f64());
    // The class of every point of the surface follows from the product alone: argmax(W x + b).
    let numbers = |key: &str| linear[key].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect::<Vec<_>>();
    let (w, b) = (numbers("product_weight"), numbers("product_bias"));
    let of = |name: &str| column(&dir, "nonlinearity", "nonlinearity.csv", name);
    let (x1, x2, class) = (of("x1"), of("x2"), of("class_no_activation"));
    for index in 0..x1.len() {
        let logit = |k: usize| w[2 * k] * x1[index] + w[2 * k + 1] * x2[index] + b[k];
        assert_eq!(f64::from(logit(1) > logit(0)), class[index], "({}, {})", x1[index], x2[index]);
    }
    assert_ne!(class, of("class_tanh"));
}

#[test]
fn noise_variance_and_bias_make_the_error() {
    let dir = Workdir::new();
    summary(&dir, &[&["bias-variance"][..], &QUICK].concat());
    let of = |name: &str| column(&dir, "bias-variance", "bias-variance.csv", name);
    let (noise, variance, bias) = (of("noise"), of("variance"), of("bias_squared"));
    let (measured, standard_error) = (of("measured_error"), of("standard_error"));
    for row in 0..noise.len() {
        assert_eq!(noise[row], 0.3 * 0.3);
        let gap = measured[row] - (noise[row] + variance[row] + bias[row]);
        // 40 nets at 101 places, noise of variance 0.09: the mean of ε² alone has a standard error of about 0.002.
        assert!((5e-4..2e-2).contains(&standard_error[row]), "row {row}: {}", standard_error[row]);
        assert!(gap.abs() < 3.0 * standard_error[row], "row {row}: {gap} against {}", standard_error[row]);
    }
    // The tutorial's remedies: more units against bias (rows 0 to 4), more data against variance (5 to 7), and a
    // regularisation that is too strong brings bias (8 to 12).
    assert!(bias[4] < 0.1 * bias[0] && variance[7] < 0.5 * variance[5] && bias[12] > 10.0 * bias[8]);
}

#[test]
fn small_nets_under_fit_and_long_training_over_fits() {
    let dir = Workdir::new();
    let found = summary(&dir, &["fitting", "--nets", "40"]);
    let error = |which: &str, key: &str| found[which][key].as_f64().unwrap();
    let noise = found["noise"].as_f64().unwrap();
    assert!(error("least_capacity", "training_error") > 2.0 * noise);
    assert!(error("greatest_capacity", "training_error") < noise);
    assert!(error("best_capacity", "test_error") < error("least_capacity", "test_error"));
    // The same net earlier in its training: a larger training error, yet a smaller test error.
    assert!(error("best_epoch", "test_error") < 0.8 * error("greatest_capacity", "test_error"));
    assert!(error("best_epoch", "training_error") > error("greatest_capacity", "training_error"));
}

/// Every name with options that make it short.
const SHORT: [(&str, &[&str]); 5] = [
    ("activations", &[]),
    ("gradients", &["--depth", "4"]),
    ("nonlinearity", &["--epochs", "20"]),
    ("bias-variance", &["--nets", "3", "--epochs", "5"]),
    ("fitting", &["--nets", "3", "--epochs", "5"]),
];

#[test]
fn each_leaves_a_picture_its_numbers_and_a_summary_and_prints_three_lines() {
    for (name, options) in SHORT {
        let dir = Workdir::new();
        let output = dir.run(&[&["show", name], options, &FEW].concat(), 0);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.lines().all(|line| line.contains(|c: char| c.is_ascii_digit())), "{text}");
        let folder = dir.path().join(format!("runs/show-{name}"));
        let png = std::fs::read(folder.join(format!("{name}.png"))).unwrap();
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.len() > 10_000);
        let summary: Value = serde_json::from_slice(&std::fs::read(folder.join("summary.json")).unwrap()).unwrap();
        assert_eq!(summary["program"], name);
        assert!(folder.join(format!("{name}.csv")).exists());
        let quiet = dir.run(&[&["show", name], options, &FEW, &["--quiet", "--out", "other"]].concat(), 0);
        assert_eq!((quiet.stdout.len(), quiet.stderr.len()), (0, 0));
    }
}

#[test]
fn the_same_seed_gives_the_same_files_and_another_seed_others() {
    for (name, options) in SHORT {
        let dir = Workdir::new();
        let files = |seed: &str, out: &str| {
            dir.run(&[&["show", name], options, &FEW, &["--seed", seed, "--out", out]].concat(), 0);
            let read = |ending: &str| std::fs::read(dir.path().join(out).join(format!("{name}.{ending}"))).unwrap();
            let text = std::fs::read_to_string(dir.path().join(out).join("summary.json")).unwrap();
            let mut summary: Value = serde_json::from_str(&text).unwrap();
            summary["seconds"].take();
            summary["seed"].take();
            (read("csv"), read("png"), summary)
        };
        let first = files("7", "a");
        assert!(first == files("7", "b"), "{name}");
        assert_ne!(first.2, files("8", "c").2, "{name}");
    }
}

#[test]
fn wrong_options_are_refused_in_one_line_that_names_them() {
    let dir = Workdir::new();
    for (name, flag, value) in [
        ("activations", "--range", "0"),
        ("activations", "--range", "1e308"),
        ("activations", "--points", "0"),
        ("gradients", "--depth", "1"),
        ("gradients", "--width", "0"),
        ("gradients", "--nets", "0"),
        ("gradients", "--weight-scale", "0"),
        ("gradients", "--weight-scale", "nan"),
        ("gradients", "--width", "100000"),
        ("nonlinearity", "--depth", "1"),
        ("nonlinearity", "--noise", "-1"),
        ("nonlinearity", "--samples", "1"),
        ("bias-variance", "--nets", "1"),
        ("bias-variance", "--nets", "100001"),
        ("bias-variance", "--samples", "100000"),
        ("bias-variance", "--noise", "1e30"),
        ("bias-variance", "--lr", "0"),
        ("fitting", "--epochs", "0"),
        ("fitting", "--samples", "0"),
    ] {
        let name_and_flag = ["show", name, flag, value, "--device", "cpu"];
        let before = std::fs::create_dir_all(dir.path().join(format!("runs/show-{name}")));
        before.unwrap();
        dir.refuses(&name_and_flag, &[flag]);
    }
    dir.refuses(&["show", "gradients", "--activation", "rleu"], &["--activation", "relu"]);
    dir.refuses(&["show", "activation"], &["activations"]);
    // Gradients that leave float64 at every layer cannot be shown.
    dir.refuses(&["show", "gradients", "--weight-scale", "1e300", "--activation", "identity"], &["--weight-scale"]);
}

#[test]
fn a_diverging_demonstration_stops_with_the_cause() {
    let dir = Workdir::new();
    let lost =
        |name: &str| dir.refuses(&[&["show", name, "--lr", "1e38", "--epochs", "30"], &FEW[..]].concat(), &["--lr"]);
    ["nonlinearity", "bias-variance", "fitting"].into_iter().for_each(lost);
}

#[test]
fn ctrl_c_ends_the_longest_and_leaves_no_file() {
    let dir = Workdir::new();
    let endless = dir.command(&[&["show", "bias-variance", "--epochs", "100000000"], &FEW[..]].concat());
    let (code, stderr) = Running::start(endless).wait_until_at_work().end("-INT");
    assert_eq!(code, Some(130), "{stderr}");
    assert_eq!(dir.files(), Vec::<std::path::PathBuf>::new());
}
