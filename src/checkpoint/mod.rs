//! The one-file checkpoint: a TorchScript module and, as extra files inside it, what it is and how to go on from it.
//!
//! - `lockstep.json`: [`Manifest`];
//! - `training.safetensors`: everything that going on needs: the optimizer's moments and steps, the generator's state, the
//!   epoch, the losses so far (`train::snapshot`);
//! - `check.safetensors`: a few input rows `x` and what `forward` and `predict` gave for them.

mod code;
pub mod contents;
mod pickle;
mod provenance;
pub mod resume;
pub mod series;
pub mod verify;

pub use self::provenance::{Change, InitialWeights, Matched, Provenance, Resumed};

use crate::choices::names::absent;
use crate::data::schema::{ColumnSchema, TableSchema};
use crate::data::source::ReadOptions;
use crate::preprocess::inputs::Inputs;
use crate::preprocess::target::Target;
use crate::runs::files;
use crate::runs::folder;
use crate::torch::archive::{self, Files};
use crate::torch::conditions::Conditions;
use crate::torch::libtorch;
use crate::torch::safetensors::{self, Named};
use crate::torch::script::{ExtraFile, Module};
use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use tch::Device;

/// The version of the format that is written; a reader refuses a newer one, and reads the earlier ones.
///
/// 1: the categories and classes of a table's model are constants in its code, all of which libtorch compares with each other.
/// 2: they are attributes, in `data.pkl`.
pub const FORMAT: u32 = 2;

const ABOUT: &str = "lockstep.json";
const TRAINING: &str = "training.safetensors";
const CHECK: &str = "check.safetensors";

/// What a checkpoint says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub program: String,
    pub seed: u32,
    pub config: Value,
    pub schema: Schema,
    /// The classes in the order of the logits, whole numbers or texts; none for a regression.
    pub classes: Option<Vec<Value>>,
    pub metrics: BTreeMap<String, f64>,
    pub versions: BTreeMap<String, String>,
    /// What a model of a user's table is made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableModel>,
    #[serde(flatten)]
    pub provenance: Provenance,
}

impl Manifest {
    /// What the bits depended on, as far as the file says it.
    pub fn conditions(&self) -> Conditions {
        Conditions { libtorch: self.versions.get("libtorch").cloned(), ..self.provenance.conditions.clone() }
    }
}

/// The error of a file of a later lockstep.
#[derive(Debug)]
pub struct NewerFormat(u64);

impl std::fmt::Display for NewerFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "written in format {}, this lockstep reads up to {FORMAT}: use a newer lockstep", self.0)
    }
}

impl std::error::Error for NewerFormat {}

/// How a user's table becomes the matrix that `forward` takes, and what its answers mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableModel {
    pub inputs: Inputs,
    pub target: Target,
    /// Cells that mean "missing".
    pub na: Vec<String>,
    /// How the cells of its table are written, where they are not as most are.
    #[serde(flatten)]
    pub written: Written,
    pub id: Option<String>,
    /// The columns whose types are pinned: those of the schema that there was, else the columns of text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<ColumnSchema>,
    /// The whole schema file, if there was one, for a fit that goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Vec<ColumnSchema>>,
}

/// How the numbers and dates of a table's texts are written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// The mark before the fraction; none: a point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<String>,
    /// The mark between groups of three digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thousands: Option<String>,
    /// The formats of dates that are not ISO 8601.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub date_format: Vec<String>,
}

impl Written {
    pub fn of(options: &ReadOptions) -> Self {
        let default = ReadOptions::default();
        let other = |given: &String, default: String| (*given != default).then(|| given.clone());
        Self {
            decimal: other(&options.decimal, default.decimal),
            thousands: other(&options.thousands, default.thousands),
            date_format: options.date_format.clone(),
        }
    }
}

impl TableModel {
    /// How a table is read for the model, where nothing else is said.
    pub fn read(&self) -> ReadOptions {
        let (default, written) = (ReadOptions::default(), self.written.clone());
        ReadOptions {
            na: self.na.clone(),
            decimal: written.decimal.unwrap_or(default.decimal),
            thousands: written.thousands.unwrap_or(default.thousands),
            date_format: written.date_format,
            ..ReadOptions::default()
        }
    }

    /// Whether the table `shown` has every column that the model takes.
    pub fn check_columns(&self, names: &[String], shown: &str) -> Result<()> {
        let known: HashSet<&String> = names.iter().collect();
        match self.inputs.names().iter().find(|column| !known.contains(column)) {
            Some(column) => bail!("{shown}: no column {}", absent(column, names)),
            None => Ok(()),
        }
    }

    /// The types that a table is held to.
    pub fn schema(&self) -> TableSchema {
        TableSchema { columns: self.pinned.clone() }
    }
}

/// What goes in and what comes out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// The columns of `forward`'s input, in order.
    pub features: Vec<String>,
    /// dtype of the input: `float32` or `float64`.
    pub dtype: String,
    pub target: String,
}

/// A checkpoint as it was read.
pub struct Checkpoint {
    pub manifest: Manifest,
    pub module: Module,
    pub training: Named,
    pub check: Named,
}

/// The bytes of a checkpoint.
pub fn to_bytes(module: &Module, manifest: &Manifest, training: &Named, check: &Named) -> Result<Vec<u8>> {
    let files = [
        (ABOUT, serde_json::to_vec(manifest)?),
        (TRAINING, safetensors::to_bytes(training)?),
        (CHECK, safetensors::to_bytes(check)?),
    ];
    module.save(&files.map(|(name, bytes)| ExtraFile { name: name.into(), bytes }))
}

/// The versions that a checkpoint is written with.
pub fn versions() -> BTreeMap<String, String> {
    let versions =
        [("lockstep", env!("CARGO_PKG_VERSION").to_string()), ("libtorch", libtorch::version().unwrap_or_default())];
    versions.into_iter().map(|(name, version)| (name.into(), version)).collect()
}

impl Checkpoint {
    /// Reads `path` whole, checks it whole, and loads the module onto `device`.
    pub fn read(path: &Path, device: Device) -> Result<Self> {
        ModelFile::read(path)?.load(device).with_context(|| path.display().to_string())
    }

    /// As [`Checkpoint::read`], from bytes.
    pub fn from_bytes(bytes: &[u8], device: Device) -> Result<Self> {
        ModelFile::from_bytes(bytes)?.load(device)
    }
}

/// A model file that was read whole, and that libtorch has not seen yet.
#[derive(Debug)]
pub struct ModelFile {
    files: Files,
    pub manifest: Manifest,
}

impl ModelFile {
    /// Reads `path` whole.
    pub fn read(path: &Path) -> Result<Self> {
        Self::from_bytes(&whole(path)?).with_context(|| path.display().to_string())
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let files = archive::entries(bytes)?;
        let manifest = manifest(&files)?;
        Ok(Self { files, manifest })
    }

    /// Checks it whole, and loads the module onto `device`.
    pub fn load(self, device: Device) -> Result<Checkpoint> {
        let Self { mut files, manifest } = self;
        let named = |name: &str| safetensors::from_bytes(extra(&files, name)?).with_context(|| name.to_string());
        let (training, check) = (named(TRAINING)?, named(CHECK)?);
        pickle::check(&files)?;
        code::check(&files)?;
        if manifest.format == 1 {
            code::leave_out(&mut files, &["codes", "predict_table"]);
        }
        let module = Module::load(&archive::for_libtorch(&files)?, device).context("libtorch cannot load it")?;
        Ok(Checkpoint { manifest, module, training, check })
    }
}

/// The bytes of a model's file.
fn whole(path: &Path) -> Result<Vec<u8>> {
    let inside = path.join("model.pt");
    // A run's folder stands for the model in it.
    let path = if inside.is_file() { &inside } else { path };
    let shown = path.display();
    ensure!(
        !path.is_dir(),
        "{shown}: is a folder without a model.pt, expected one of a run of lockstep, or a model.pt"
    );
    // In a folder that cannot be written the model is still whole, if perhaps older than its neighbours.
    let _ = folder::settle(files::folder_of(path));
    let bytes = std::fs::read(path).with_context(|| format!("{shown}: cannot read"))?;
    ensure!(!bytes.is_empty(), "{shown}: the file is empty, expected a model.pt of lockstep");
    Ok(bytes)
}

/// A file that travels inside the model's.
fn extra<'a>(files: &'a Files, name: &str) -> Result<&'a [u8]> {
    let bytes = files.get(&format!("extra/{name}")).map(Vec::as_slice);
    bytes.with_context(|| format!("{name} is missing: the file is not whole"))
}

fn manifest(files: &Files) -> Result<Manifest> {
    let bytes = extra(files, ABOUT)
        .map_err(|_| anyhow!("a zip file, but not a model.pt of lockstep: lockstep.json is not in it"))?;
    let value: Value = serde_json::from_slice(bytes).context(ABOUT)?;
    let format = value["format"].as_u64().context("lockstep.json: no format version")?;
    if format > u64::from(FORMAT) {
        return Err(NewerFormat(format).into());
    }
    serde_json::from_value(value).context(ABOUT)
}
