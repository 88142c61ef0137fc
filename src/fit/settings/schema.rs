//! A schema file under the settings: its roles are those settings that nobody gave.

use crate::data::schema::{ColumnSchema, Kind, Role, TableSchema};
use anyhow::Result;
use std::path::Path;
use toml::{Table, Value};

/// A relative `schema` in the settings file `file` is meant from that file's folder.
pub fn beside(settings: &mut Table, file: &Path) {
    if let (Some(Value::String(schema)), Some(folder)) = (settings.get_mut("schema"), file.parent()) {
        *schema = folder.join(&*schema).display().to_string();
    }
}

/// Settings that give one column a role, which it then has instead of the schema's.
const SINGLE: [&str; 6] = ["target", "id", "split_column", "sample_weight", "group", "split_time"];

/// Reads the file that `settings` name as `schema`, and adds what its roles say to the keys that are not there.
pub(super) fn lay_under(settings: &mut Table) -> Result<()> {
    if let Some(Value::String(file)) = settings.get("schema") {
        for (key, mut value) in roles(&TableSchema::read(Path::new(file))?) {
            if let Value::Array(names) = &mut value {
                names.retain(|name| !SINGLE.iter().any(|role| settings.get(*role) == Some(name)));
            }
            settings.entry(key).or_insert(value);
        }
    }
    Ok(())
}

/// The settings that a schema stands for. `fit` hands on one id; further ones are left out.
fn roles(schema: &TableSchema) -> Table {
    let ids = schema.named(Role::Id);
    let mut drop = schema.named(Role::Ignored);
    drop.extend(ids.iter().skip(1));
    // A column that is pinned as text is meant to be one, though all of its cells are numbers.
    let is_text = |column: &ColumnSchema| column.kind == Kind::Text && column.role == Role::Feature;
    let categorical = schema.columns.iter().filter(|column| column.categorical || is_text(column));
    let categorical = categorical.map(|column| column.name.as_str());
    let one = |role| schema.named(role).first().map(|name| Value::from(*name));
    let singles = [
        ("target", one(Role::Target)),
        ("id", ids.first().map(|name| Value::from(*name))),
        ("split_column", one(Role::Split)),
        ("sample_weight", one(Role::Weight)),
    ];
    let lists = [("drop", Value::from(drop)), ("categorical", Value::from(categorical.collect::<Vec<_>>()))];
    let given = singles.into_iter().filter_map(|(key, value)| Some((key, value?)));
    given.chain(lists).map(|(key, value)| (key.to_string(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::settings::FitSettings;

    const SCHEMA: &str = r#"column = [
        { name = "y", kind = "number", role = "target" },
        { name = "row", kind = "integer", role = "id" },
        { name = "code", kind = "text", role = "id" },
        { name = "note", kind = "text", role = "ignored" },
        { name = "part", kind = "text", role = "split" },
        { name = "w", kind = "number", role = "weight" },
        { name = "rooms", kind = "integer", categorical = true },
        { name = "zip", kind = "text" },
    ]"#;

    #[test]
    fn roles_are_the_settings_that_nobody_gave() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("s.toml"), SCHEMA).unwrap();
        let file = folder.path().join("c.toml").display().to_string();
        let flags = Table::from_iter([("drop".to_string(), Value::from(vec!["code"]))]);
        let resolve =
            |flags| FitSettings::resolve("schema = \"s.toml\"\nsample_weight = \"v\"\n", &file, flags).unwrap();
        let config = resolve(Table::new());
        assert_eq!((config.target.as_str(), config.id.as_deref()), ("y", Some("row")));
        assert_eq!(
            (config.drop, config.categorical),
            (["note", "code"].map(String::from).to_vec(), ["rooms", "zip"].map(String::from).to_vec())
        );
        assert_eq!((config.split_column.as_deref(), config.sample_weight.as_deref()), (Some("part"), Some("v")));
        assert_eq!(resolve(flags).drop, ["code"]);
        // The column of a setting that somebody gave has no other role, whatever the file says.
        let other = |key: &str, name: &str| resolve(Table::from_iter([(key.to_string(), Value::from(name))]));
        let config = other("target", "zip");
        assert_eq!((config.target.as_str(), &config.categorical[..]), ("zip", &["rooms".to_string()][..]));
        assert!(config.check().is_ok());
        let config = other("target", "note");
        assert_eq!(config.drop, ["code"]);
        assert!(config.check().is_ok());
        assert_eq!(other("group", "rooms").categorical, ["zip"]);
    }
}
