//! What the helps end with: command lines that are tried in the tests.

pub const FIT: &str = "\
Examples:
  lockstep data rents -o rents.csv
  lockstep fit rents.csv --target rent_eur --id listing_id
  lockstep fit rents.csv --target rent_eur --id listing_id --engine fused --early-stop 20 --epochs 300
  lockstep fit 'parts/*.parquet' --target sold --stratify --class-weight balanced --folds 5
  lockstep fit rents.csv --config runs/fit/config.toml --lr 0.01 --out runs/faster
  lockstep fit --resume runs/fit";

pub const PREPROCESS: &str = "\
Examples:
  lockstep preprocess rents.csv --target rent_eur --id listing_id
  lockstep preprocess 'parts/*.csv' --target sold --scale robust --encode label --to csv --out prepared";

pub const TUNE: &str = "\
Examples:
  lockstep tune rents.csv --target rent_eur --id listing_id --param lr=0.001,0.01 --param 'hidden=32;64,32'
  lockstep tune rents.csv --target rent_eur --param lr=1e-4..1e-1:log --param dropout=0..0.5 --trials 20 --folds 5
  lockstep fit rents.csv --config runs/tune/best.toml";

pub const PREDICT: &str = "\
Examples:
  lockstep predict runs/fit new.csv -o predictions.csv
  lockstep predict runs/fit/model.pt new.parquet --id listing_id -o predictions.parquet
  lockstep predict runs/fit - --format ndjson --to ndjson";

pub const EVALUATE: &str = "\
Examples:
  lockstep evaluate runs/fit more.csv
  lockstep evaluate runs/fit/model.pt more.parquet --json";

pub const INSPECT: &str = "\
Examples:
  lockstep inspect rents.csv --target rent_eur
  lockstep inspect rents.csv --target rent_eur --save schema.toml
  lockstep inspect runs/fit";

pub const COMPARE: &str = "\
Examples:
  lockstep compare all
  lockstep compare moons --seed 3 --python /usr/bin/python3
  lockstep compare --record fit.record --script train.py --epochs 5";
