//! `lockstep completions bash|zsh|fish|man`.

use super::print::{Verdict, print_out};
use crate::cli::{self, Completions, CompletionsArgs};
use crate::fit::settings::{ClassWeight, Log};
use crate::model::activation::Activation;
use crate::model::loss::LossKind;
use crate::preprocess::choices::{Encode, IMPUTE, Scale, TargetScale, Unseen};
use crate::preprocess::dates::DatePart;
use crate::torch::device;
use crate::train::engine::EngineKind;
use crate::train::optim::OptimizerKind;
use crate::train::schedule;
use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Arg, Command};
use clap_complete::{Shell, generate};
use clap_mangen::Man;

/// The last sections of the manual.
const ENDING: &str = r#".SH "EXIT STATUS"
.TP
0
Done.
.TP
1
What was checked does not hold: compare, verify, rerun, doctor.
.TP
2
Bad usage or input, or not enough memory or disk; one line on standard error says what and why.
.TP
130
Ended by Ctrl\-C.
.SH ENVIRONMENT
.TP
LIBTORCH
A folder with lib/libtorch_cpu.so, such as that of Python's torch. If it is set, no other is looked for; else the one that
lockstep was built with is taken, else that of VIRTUAL_ENV, CONDA_PREFIX, .venv, python3 or python.
.TP
OMP_NUM_THREADS, MKL_NUM_THREADS
Threads where \-\-threads is not given.
.TP
GOMP_SPINCOUNT, OMP_WAIT_POLICY
How long a waiting thread of libtorch looks for work before it sleeps; without them 10000 times.
.TP
ATEN_CPU_CAPABILITY, MKL_CBWR, MKL_ENABLE_INSTRUCTIONS, DNNL_MAX_CPU_ISA, ONEDNN_MAX_CPU_ISA
Choose kernels, and so change the last bits; they are recorded with every run.
.SH FILES
.TP
runs/NAME
A run's folder, if \-\-out names no other: summary.json, history.csv, the model's files, pictures.
"#;

/// The commands that take fit's settings, which are checked after clap has read them.
const WITH_SETTINGS: [&str; 3] = ["fit", "tune", "preprocess"];

pub(super) fn run(args: &CompletionsArgs) -> Result<Verdict> {
    let mut text = Vec::new();
    let shell = match args.to {
        Completions::Bash => Shell::Bash,
        Completions::Zsh => Shell::Zsh,
        Completions::Fish => Shell::Fish,
        Completions::Man => {
            print_out(&manual()?)?;
            return Ok(Verdict::Holds);
        }
    };
    generate(shell, &mut with_values(cli::command()), "lockstep", &mut text);
    print_out(&text)?;
    Ok(Verdict::Holds)
}

/// The values of the flags that take one of a few names.
fn values(flag: &str) -> Option<Vec<&'static str>> {
    Some(match flag {
        "activation" => Activation::all().map(Activation::name).collect(),
        "class-weight" => ClassWeight::NAMES.to_vec(),
        "date-parts" => DatePart::NAMES.to_vec(),
        "device" => device::NAMES[..3].to_vec(),
        "encode" => Encode::NAMES.to_vec(),
        "engine" => EngineKind::NAMES.to_vec(),
        "impute" => IMPUTE.to_vec(),
        "log" => Log::NAMES.to_vec(),
        "loss" => LossKind::NAMES.to_vec(),
        "optimizer" => OptimizerKind::NAMES.to_vec(),
        "norm" => crate::model::norm::Norm::NAMES.to_vec(),
        "order" => crate::train::order_kind::OrderKind::NAMES.to_vec(),
        "scale" => Scale::NAMES.to_vec(),
        "target-scale" => TargetScale::NAMES.to_vec(),
        "schedule" => schedule::NAMES.to_vec(),
        "unseen" => Unseen::NAMES.to_vec(),
        _ => return None,
    })
}

/// What of the values is a fixed text: of `constant=V` nothing.
fn with_values(command: Command) -> Command {
    let named = |argument: Arg| match argument.get_long().and_then(values) {
        Some(values) => {
            let fixed = values.into_iter().filter(|value| !value.contains('='));
            argument.value_parser(PossibleValuesParser::new(fixed))
        }
        None => argument,
    };
    let command = command.mut_subcommand("completions", |sub| {
        sub.mut_arg("to", |to| to.value_parser(PossibleValuesParser::new(Completions::NAMES)))
    });
    let command = WITH_SETTINGS
        .into_iter()
        .fold(command, |command, name| command.mut_subcommand(name, |sub| sub.mut_args(named)));
    everywhere(command)
}

/// The values of what means the same in every command.
fn everywhere(command: Command) -> Command {
    let common = |argument: Arg| {
        let values = argument.get_long().filter(|flag| ["device", "engine"].contains(flag)).and_then(values);
        match values {
            Some(values) => argument.value_parser(PossibleValuesParser::new(values)),
            None => argument,
        }
    };
    command.mut_args(common).mut_subcommands(everywhere)
}

/// One page for all commands: lockstep itself, then a section for each, with its options.
fn manual() -> Result<Vec<u8>> {
    let mut command = cli::command();
    command.build();
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        section(verb, verb.get_name(), &mut page)?;
    }
    page.extend(ENDING.bytes());
    Ok(ascii(&String::from_utf8(page)?.replace('…', "...")).into_bytes())
}

/// groff takes ASCII everywhere, other characters only by their code.
fn ascii(text: &str) -> String {
    let escaped = |letter: char| match letter.is_ascii() {
        true => letter.to_string(),
        false => format!("\\[u{:04X}]", u32::from(letter)),
    };
    text.chars().map(escaped).collect()
}

/// A command's section, and those of the commands under it: `run moons` after `run`.
fn section(command: &Command, name: &str, page: &mut Vec<u8>) -> Result<()> {
    page.extend(format!(".SH \"LOCKSTEP {}\"\n", name.to_uppercase().replace('-', "\\-")).into_bytes());
    let man = Man::new(command.clone());
    let mut parts = Vec::new();
    man.render_synopsis_section(&mut parts)?;
    man.render_description_section(&mut parts)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut parts)?;
    }
    // clap_mangen's sections are subsections here.
    page.extend(String::from_utf8(parts)?.replace("\n.SH ", "\n.SS ").into_bytes());
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        section(verb, &format!("{name} {}", verb.get_name()), page)?;
    }
    Ok(())
}
