//! What a refusal says, and that whoever does what it says arrives.

use crate::common::Workdir;
use std::path::Path;

const QUICK: [&str; 7] = ["--epochs", "2", "--device", "cpu", "--threads", "1", "--quiet"];

/// 60 rows: `a` and `b` numbers, `c` text, `y` a class, `part` train, valid or test, `n` a number.
fn table() -> String {
    let mut text = String::from("a,b,c,y,part,n\n");
    for row in 0..60 {
        let (colour, class) = (["red", "blue"][row % 2], ["no", "yes"][row % 3 / 2]);
        let part = ["train", "train", "train", "valid", "test"][row % 5];
        text += &format!("{row},{},{colour},{class},{part},{}.25\n", row * 7 % 11, row * 3);
    }
    text
}

fn with_table() -> Workdir {
    let dir = Workdir::new();
    dir.write("t.csv", table());
    dir
}

/// `fit` of `y` in t.csv with `flags`.
fn fit<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    [&["fit", "t.csv", "--target", "y", "--drop", "part,n"][..], &QUICK, flags].concat()
}

// Python's states.

/// Goes on from a file of tests/data/torch for so many epochs in all.
fn resumed<'a>(file: &'a str, out: &'a str) -> Vec<&'a str> {
    let common = ["run", "moons", "--samples", "20", "--device", "cpu", "--threads", "1", "--quiet", "--epochs", "6"];
    [&common[..], &["--resume", file, "--out", out]].concat()
}

fn with_states() -> Workdir {
    let dir = Workdir::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/torch");
    for file in ["plain.pt", "compiled.pt", "parallel.pt", "adamw.pt", "nan.pt", "before-1.6.pt"] {
        dir.write(file, std::fs::read(folder.join(file)).unwrap());
    }
    dir
}

#[test]
fn the_state_of_a_compiled_or_parallel_network_is_that_of_the_network() {
    let dir = with_states();
    for name in ["plain", "compiled", "parallel"] {
        dir.run(&resumed(&format!("{name}.pt"), name), 0);
        assert_eq!(dir.read(&format!("{name}/model.safetensors")), dir.read("plain/model.safetensors"), "{name}");
    }
}

#[test]
fn a_state_that_nothing_goes_on_from_is_named_for_what_it_is() {
    let dir = with_states();
    for (file, words) in [
        ("adamw.pt", &["weight_decay=0.01", "weight_decay=0 only", "AdamW"][..]),
        ("nan.pt", &["fc2.bias", "holds NaN or infinity", "take an earlier state"]),
        ("before-1.6.pt", &["before PyTorch 1.6", "torch.save(torch.load(FILE), FILE)"]),
    ] {
        dir.refuses(&resumed(file, "out"), &[&["--resume", file][..], words].concat());
    }
}

/// States that Python can save and the tutorial's program cannot go on from.
const OTHERS: &str = "
import torch

def state(name, optimizer=torch.optim.Adam, layers=('fc1', 'fc2'), change=lambda net: net, keep={}, **settings):
    net = torch.nn.ModuleDict({layers[0]: torch.nn.Linear(2, 3), layers[1]: torch.nn.Linear(3, 2)})
    steps = optimizer(net.parameters(), **settings)
    for _ in range(2):
        steps.zero_grad()
        net[layers[1]](torch.tanh(net[layers[0]](torch.ones(4, 2)))).sum().backward()
        steps.step()
    torch.save({'model': change(net).state_dict(), 'optimizer': steps.state_dict(), **keep}, name)

state('sgd.pt', torch.optim.SGD, lr=0.1)
state('betas.pt', lr=0.1, betas=(0.8, 0.9))
state('tensor.pt', lr=torch.tensor(0.1))
state('names.pt', layers=('hidden', 'output'), lr=0.1)
state('double.pt', change=lambda net: net.double(), lr=0.1)
state('losses.pt', keep={'losses': [1.0, 2.0, 3.0]}, lr=0.1)
";

#[test]
fn what_python_trained_otherwise_is_told_apart() {
    let python = lockstep::python::interpreter::find();
    let python = if python.components().count() > 1 { std::path::absolute(python).unwrap() } else { python };
    let dir = Workdir::new();
    let output = std::process::Command::new(&python).args(["-c", OTHERS]).current_dir(dir.path()).output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else {
        eprintln!("skipped: {} has no torch; run scripts/setup --python", python.display());
        return;
    };
    drop(output);
    for (file, words) in [
        ("sgd.pt", "\"optimizer\": no betas: not Adam's state"),
        ("betas.pt", "betas=[0.8, 0.9]: run moons goes on with betas=[0.9, 0.999] only"),
        ("tensor.pt", "lr is no number, expected one, as of float(lr)"),
        ("names.pt", "no tensor fc1.bias (there are hidden.weight, hidden.bias, output.weight, output.bias)"),
        ("double.pt", "fc1.weight: float64, expected float32, as of net.float()"),
        ("losses.pt", "\"losses\": 3 of them, but 2 epochs are done"),
    ] {
        dir.refuses(&resumed(file, "out"), &["--resume", file, words]);
    }
}

// Models.

#[test]
fn what_stands_beside_a_model_leads_to_it() {
    let dir = Workdir::with_model();
    let moons = "runs/moons/moons.csv";
    dir.refuses(
        &["predict", "runs/moons/model.safetensors", moons],
        &["a safetensors file", "model.pt that stands beside"],
    );
    dir.run(&["predict", "runs/moons", moons], 0);
    dir.run(&["inspect", "runs/moons"], 0);
    dir.refuses(&["predict", "runs", moons], &["runs: is a folder without a model.pt"]);
    dir.write("few.csv", "x1\n1\n");
    let model = "runs/moons/model.pt";
    dir.refuses(&["inspect", moons, "--target", "x3"], &["--target", "x3"]);
    dir.refuses(&["compare", "moons", "--reference", "runs/moons/summary.json"], &["not a trace of lockstep compare"]);
    dir.refuses(&["predict", model, "few.csv"], &["few.csv: no column x2"]);
    let points = String::from_utf8(dir.read(moons)).unwrap().replace(",y", ",label");
    dir.write("points.csv", points);
    dir.run(&["predict", "runs/moons/model.pt", "points.csv", "--id", "label"], 0);
}

#[test]
fn a_class_that_the_model_does_not_know_is_no_matter_of_the_parts() {
    let dir = with_table();
    dir.run(&fit(&["--out", "m"]), 0);
    dir.write("new.csv", "a,b,c,y\n1,2,red,no\n3,4,blue,maybe\n5,6,red,yes\n");
    let evaluate = ["evaluate", "m/model.pt", "new.csv", "--device", "cpu"];
    let output = dir.run(&evaluate, 2);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.starts_with("error: new.csv: row 2, target y: class \"maybe\" ") && !text.contains("stratify"),
        "{text}"
    );
    assert!(text.contains("leave such rows out"), "{text}");
    dir.write("new.csv", "a,b,c,y\n1,2,red,no\n5,6,red,yes\n");
    dir.run(&evaluate, 0);
}

#[test]
fn stratify_is_the_advice_where_it_can_be_followed() {
    let dir = Workdir::new();
    // One row of the class, and it is a test row.
    dir.write("t.csv", table().replace("59,6,blue,yes", "59,6,blue,maybe"));
    let by_column = ["fit", "t.csv", "--target", "y", "--drop", "n", "--split-column", "part"];
    let output = dir.run(&[&by_column[..], &QUICK].concat(), 2);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("leave such rows out, or give the training rows some") && !text.contains("stratify"),
        "{text}"
    );
}

// Going on.

#[test]
fn a_setting_that_differs_is_named_as_its_flag_takes_it() {
    let dir = with_table();
    dir.run(&fit(&["--out", "m", "--batch-size", "full"]), 0);
    let again =
        |flags: &[&'static str]| [&["fit", "t.csv", "--resume", "m", "--epochs", "4", "--quiet"][..], flags].concat();
    dir.refuses(&again(&["--batch-size", "16"]), &["--batch-size 16: m/model.pt was trained with full;"]);
    dir.refuses(&again(&["--early-stop", "3"]), &["--early-stop 3: m/model.pt was trained with none;"]);
    dir.refuses(&again(&["--lr", "5"]), &["--lr 5: m/model.pt was trained with 0.001;", "leave --lr out"]);
    dir.refuses(
        &again(&["--no-header"]),
        &["--no-header: m/model.pt was trained without it;", "leave --no-header out"],
    );
    dir.refuses(&again(&["--loss", "rmse"]), &["--loss rmse: did you mean mse?"]);
    dir.run(&again(&["--batch-size", "full"]), 0);
}

// Settings files.

#[test]
fn a_settings_file_is_answered_in_its_own_words() {
    for (text, words) in [
        ("lr = 0.1\nactivation = relu\n", "error: c.toml: line 2, column 14: no TOML"),
        ("hidden = [64, 'x']\n", "c.toml: hidden: \"x\", expected a whole number"),
        ("epochs = 'many'\n", "c.toml: epochs: \"many\", expected a whole number from 0 up"),
        ("epochs = -1\n", "c.toml: epochs: -1, expected a whole number from 0 up"),
        ("nesterov = 'yes'\n", "c.toml: nesterov: \"yes\", expected true or false"),
        ("[lr]\nx = 1\n", "c.toml: lr: a section, expected a number"),
        ("learning_rate = 0.1\n", "c.toml: unknown key learning_rate: lockstep's name is lr"),
        ("hidden_layer_sizes = [5]\n", "c.toml: unknown key hidden_layer_sizes: lockstep's name is hidden"),
        ("max_depth = 3\n", "c.toml: unknown key max_depth: a network has no trees"),
        ("random_state = 1\n", "c.toml: unknown key random_state: lockstep's name is seed"),
        ("seed = 1.5\n", "--seed"),
        ("quiet = true\n", "c.toml: unknown key quiet: it is given as a flag, --quiet"),
        ("epoch = 1\n", "c.toml: unknown key epoch, did you mean epochs?"),
        ("target = 3\n", "c.toml: target: 3, expected a text in quotes"),
        ("loss = 'log_loss'\n", "c.toml: loss: log_loss, did you mean cross-entropy?"),
    ] {
        let dir = with_table();
        dir.write("c.toml", text);
        let target = if text.starts_with("target") { &[][..] } else { &["--target", "y"] };
        dir.refuses(&[&["fit", "t.csv", "--config", "c.toml"][..], target].concat(), &[words]);
    }
}

#[test]
fn what_is_searched_is_answered_in_its_own_words() {
    let tune = ["tune", "t.csv", "--target", "y"];
    for (text, words) in [
        ("[tune]\nn_trials = 3\n", "c.toml: [tune]: unknown key n_trials: lockstep's name is trials"),
        ("[tune]\ntrials = 'x'\n", "c.toml: [tune]: trials: \"x\", expected a whole number from 0 up"),
        (
            "[tune.params]\nhidden = [64]\n",
            "[tune.params] hidden: 64, expected a list of its own, as in [[64], [64, 32]]",
        ),
        ("[tune.params]\nlearning_rate = [0.1]\n", "c.toml: [tune.params]: learning_rate: lockstep's name is lr"),
        ("[tune.params]\nfolds = [3, 5]\n", "folds says which rows are scored"),
    ] {
        let dir = with_table();
        dir.write("c.toml", text);
        dir.refuses(&[&tune[..], &["--config", "c.toml"]].concat(), &[words]);
    }
    for (param, words) in [
        ("learning_rate=0.1,0.2", "--param learning_rate=0.1,0.2: learning_rate: lockstep's name is lr"),
        ("cv=3,5", "--param cv=3,5: folds says which rows are scored"),
        ("a:impute=meen", "--param a:impute=meen: impute: meen, did you mean mean?"),
        ("a:scaler=none", "--param a:scaler=none: column a: scaler: lockstep's name is scale"),
        ("optimizer=lbfgs", "--param optimizer=lbfgs: lbfgs (expected adam, adamw, sgd)"),
    ] {
        with_table().refuses(&[&tune[..], &["--param", param]].concat(), &[words]);
    }
    let dir = with_table();
    dir.write("c.toml", "[tune.params]\nhidden = [[4], [4, 2]]\n");
    let tune = ["tune", "t.csv", "--target", "y", "--drop", "part,n", "--config", "c.toml"];
    dir.refuses(&[&tune[..], &QUICK, &["--metric", "auc"]].concat(), &["auc, did you mean roc_auc?"]);
    dir.run(&[&tune[..], &QUICK, &["--metric", "roc_auc"]].concat(), 0);
}

#[test]
fn the_target_that_is_given_wins_over_what_a_schema_says_of_its_column() {
    let dir = with_table();
    dir.run(&["inspect", "t.csv", "--save", "s.toml", "--quiet"], 0);
    dir.run(&fit(&["--schema", "s.toml"]), 0);
}

// Numbers.

#[test]
fn a_negative_number_is_a_value() {
    for (flag, value, words) in [
        ("--epochs", "-1", "'--epochs <N>': expected a whole number from 1 to"),
        ("--batch-size", "-1", "expected a whole number from 1 up, or full"),
        ("--folds", "-2", "'--folds <K>': expected a whole number from 0 to"),
        ("--seed", "-1", "'--seed <N>': expected a whole number from 0 to 4294967295"),
        ("--hidden", "-3", "expected whole numbers from 1 up"),
        ("--lr", "-0.1", "--lr -0.1: expected a number above 0"),
        ("--lr", "fast", "'--lr <X>': expected a number"),
    ] {
        with_table().refuses(&["fit", "t.csv", "--target", "y", flag, value], &[value, words]);
    }
    let dir = Workdir::new();
    dir.write("t.csv", table().replace("\n7,", "\n-200,"));
    let summary = dir.json(&fit(&["--na", "-200"]), 0);
    assert_eq!(summary["config"]["na"], serde_json::json!(["-200"]));
}

// Advice that is followed.

/// `flags` are refused with `words`; with `instead` in their place the fit comes to its end.
fn advises(flags: &[&str], words: &[&str], instead: &[&str]) {
    let dir = with_table();
    dir.refuses(&fit(flags), words);
    dir.run(&fit(instead), 0);
}

#[test]
fn who_follows_the_advice_arrives() {
    let text = ["--features", "a", "--impute", "constant=x"];
    let number = "--column a:impute=mean chooses for it alone";
    let alone = [&text[..], &["--column", "a:impute=mean"]].concat();
    advises(&text, &["--impute constant=x", "column a", number], &alone);
    let zero = ["--impute", "constant=0"];
    let category = "--column c:impute=most-frequent";
    let alone = ["--column", "c:impute=most-frequent"];
    advises(&zero, &["--impute constant=0", "column c: 0 (expected blue, red)", category], &[zero, alone].concat());
    let losses = "its losses are cross-entropy and bce";
    advises(&["--loss", "mse"], &["--loss mse: the target y is classes", losses], &["--loss", "bce"]);
    let (all, most) = ("one-cycle:pct_start=1", "one-cycle:pct_start=0.9");
    advises(&["--schedule", all], &["pct_start=1", "choose a smaller pct_start"], &["--schedule", most]);
    advises(&["--activation", "logistic"], &["did you mean sigmoid?"], &["--activation", "sigmoid"]);
    advises(&["--hidden-layer-sizes", "4"], &["lockstep's name is --hidden"], &["--hidden", "4"]);
    advises(&["--column", "a"], &["such as age:impute=median"], &["--column", "a:impute=median"]);
    advises(&["-lr", "0.1"], &["-lr: an option has two dashes, --lr"], &["--lr", "0.1"]);
    advises(&["--random-state", "3"], &["lockstep's name is --seed"], &["--seed", "3"]);
}

#[test]
fn files_that_the_shell_expanded_lead_to_a_pattern_in_quotes() {
    let dir = Workdir::new();
    dir.write("part-1.csv", table());
    dir.write("part-2.csv", table());
    let fit = |files: &[&'static str]| [&["fit"], files, &["--target", "y", "--drop", "part,n"], &QUICK].concat();
    dir.refuses(
        &fit(&["part-1.csv", "part-2.csv"]),
        &["part-2.csv: one table was expected", "in quotes such as 'part-*.csv'"],
    );
    assert_eq!(dir.json(&fit(&["part-*.csv"]), 0)["rows"]["train"], 72);
}

#[test]
fn what_does_nothing_in_a_command_is_refused_by_name() {
    let dir = with_table();
    let preprocess = ["preprocess", "t.csv", "--target", "y", "--quiet"];
    for flag in ["--epochs", "--lr", "--hidden", "--optimizer", "--early-stop", "--engine"] {
        let words = [flag, "lockstep preprocess has no such option", "fit"];
        dir.refuses(&[&preprocess[..], &[flag, "3"]].concat(), &words);
    }
    dir.run(&preprocess, 0);
    // The settings of fit in a file are those of preprocess too.
    dir.write("c.toml", "epochs = 3\nlr = 0.1\n");
    dir.run(&[&preprocess[..], &["--config", "c.toml"]].concat(), 0);
}

#[test]
fn a_search_writes_no_events_and_says_who_does() {
    let dir = with_table();
    let tune = ["tune", "t.csv", "--target", "y", "--drop", "part,n", "--param", "lr=0.1,0.01", "--out", "s"];
    let tune = [&tune[..], &QUICK].concat();
    let words = ["--log tensorboard", "lockstep fit with best.toml"];
    dir.refuses(&[&tune[..], &["--log", "tensorboard"]].concat(), &words);
    dir.write("c.toml", "log = 'tensorboard'\n");
    dir.refuses(&[&tune[..], &["--config", "c.toml"]].concat(), &words);
    dir.run(&tune, 0);
    let best =
        ["fit", "t.csv", "--config", "s/best.toml", "--log", "tensorboard", "--out", "b", "--device", "cpu", "--quiet"];
    dir.run(&best, 0);
    assert!(dir.files().iter().any(|path| path.to_string_lossy().contains("tfevents")), "{:?}", dir.files());
}
