//! What Keras, scikit-learn, LightGBM, XGBoost, Lightning and skorch call what is chosen here, so that a user of theirs is
//! answered with our name.
//!
//! Case, `-`, `_` and blanks make no difference: `learning_rate`, `--learning-rate` and `learningRate` are one word.

/// Settings, as flags or keys: ours, and theirs. A word that stands twice means the first that there is.
pub const SETTINGS: &[(&str, &[&str])] = &[
    ("lr", &["learning_rate", "learning_rate_init", "eta", "eta0", "lr_init", "base_lr", "step_length"]),
    ("trials", &["n_trials", "num_trials", "max_trials", "n_iter"]),
    (
        "epochs",
        &["n_epochs", "num_epochs", "nb_epoch", "max_epochs", "max_iter", "n_iter", "iterations", "num_iterations"],
    ),
    ("batch_size", &["batch", "bs", "minibatch", "mini_batch_size", "train_batch_size"]),
    ("hidden", &["hidden_layer_sizes", "hidden_size", "hidden_sizes", "hidden_units", "hidden_layers", "hidden_dim"]),
    (
        "hidden",
        &["hidden_dims", "units", "layers", "n_hidden", "num_hidden", "layer_sizes", "neurons", "hidden_channels"],
    ),
    ("weight_decay", &["alpha", "l2", "l2_regularization", "reg_lambda", "lambda", "lambda_l2", "wd", "l2_penalty"]),
    ("l1", &["reg_alpha", "lambda_l1", "l1_regularization", "l1_penalty"]),
    (
        "early_stop",
        &["patience", "early_stopping", "early_stopping_rounds", "early_stopping_patience", "n_iter_no_change"],
    ),
    ("norm", &["batch_norm", "batchnorm", "layer_norm", "layernorm", "normalization", "use_bn"]),
    ("drop_last", &["drop_remainder"]),
    ("order", &["sampler", "data_loader", "row_order"]),
    ("valid_batch_size", &["eval_batch_size", "val_batch_size", "validation_batch_size", "test_batch_size"]),
    ("valid_batch_size", &["per_device_eval_batch_size"]),
    (
        "accumulate",
        &["accumulate_grad_batches", "gradient_accumulation_steps", "grad_accum", "accumulation_steps", "accum_iter"],
    ),
    ("ema", &["ema_decay", "use_ema", "model_ema", "ema_momentum"]),
    ("init_from", &["pretrained", "weights_file", "load_weights", "init_weights", "state_dict", "finetune"]),
    ("clip_grad", &["clipnorm", "clip_norm", "gradient_clip_val", "gradient_clip", "grad_clip", "max_grad_norm"]),
    ("seed", &["random_state", "random_seed", "manual_seed", "seed_everything", "rng"]),
    ("threads", &["n_jobs", "num_workers", "nthread", "nthreads", "num_threads", "n_threads", "workers", "jobs"]),
    (
        "target",
        &["label", "labels", "label_column", "label_col", "target_column", "target_col", "y", "response", "outcome"],
    ),
    (
        "split",
        &["validation_split", "validation_fraction", "val_size", "valid_size", "val_split", "test_size", "test_split"],
    ),
    ("split", &["train_size", "train_split", "train_test_split"]),
    ("valid", &["validation", "val", "validation_data", "val_data", "valid_data", "eval_set", "validation_file"]),
    ("test", &["test_data", "test_file", "test_set"]),
    ("folds", &["cv", "n_splits", "nfold", "n_folds", "num_folds", "kfold", "k_folds", "cross_validation"]),
    ("loss", &["criterion", "objective", "loss_function", "loss_fn"]),
    ("optimizer", &["solver", "optim", "optimiser"]),
    ("dropout", &["dropout_rate", "drop_rate", "dropout_prob", "dropout_p"]),
    ("activation", &["act", "act_fn", "activation_function", "activation_fn", "nonlinearity"]),
    ("nesterov", &["nesterovs_momentum", "use_nesterov"]),
    ("schedule", &["scheduler", "lr_scheduler", "lr_schedule", "lr_policy"]),
    ("warmup", &["warmup_epochs", "warmup_steps", "num_warmup_steps"]),
    ("class_weight", &["class_weights", "is_unbalance", "auto_class_weights"]),
    ("sample_weight", &["sample_weights", "weight", "weights", "weight_column", "weight_col"]),
    ("metric", &["score", "scoring", "scorer", "metrics", "eval_metric"]),
    ("seeds", &["repeats", "n_repeats", "n_seeds"]),
    ("params", &["param_grid", "param_distributions", "param", "grid", "space", "search_space"]),
    ("param", &["param_grid", "param_distributions", "params", "grid", "space", "search_space"]),
    ("delimiter", &["sep", "separator", "delim", "field_separator"]),
    ("quote", &["quotechar", "quote_char"]),
    ("escape", &["escapechar", "escape_char"]),
    ("skip_rows", &["skiprows", "skip", "skip_lines"]),
    ("comment", &["comment_prefix", "comment_char"]),
    ("encoding", &["charset", "file_encoding"]),
    ("decimal", &["dec", "decimal_mark", "decimal_separator"]),
    ("thousands", &["thousands_separator", "grouping_mark", "big_mark"]),
    ("date_format", &["dateformat", "datetime_format", "timestampformat"]),
    ("sheet", &["sheet_name", "sheet_id"]),
    ("no_header", &["header", "has_header", "headerless"]),
    ("header", &["has_header", "no_header"]),
    ("na", &["na_values", "null_values", "null_value", "missing", "missing_values", "na_strings", "nan_values"]),
    ("id", &["index_col", "index", "index_column", "row_id", "id_column", "id_col"]),
    (
        "features",
        &["usecols", "columns", "feature_columns", "feature_cols", "feature_names", "predictors", "input_columns"],
    ),
    ("drop", &["drop_columns", "drop_cols", "ignore", "ignore_columns", "ignore_column", "exclude", "exclude_columns"]),
    (
        "categorical",
        &["cat_features", "cat_cols", "categorical_feature", "categorical_features", "categorical_columns"],
    ),
    ("impute", &["imputer", "imputation", "fillna", "fill_na", "fill_value"]),
    ("scale", &["scaler", "scaling", "normalize", "standardize"]),
    ("encode", &["encoder", "one_hot", "onehot"]),
    ("unseen", &["handle_unknown", "unknown_value"]),
    ("stratify", &["stratified"]),
    ("group", &["groups", "group_column", "group_col"]),
    ("split_time", &["time_column", "time_col", "timestamp_column", "date_column"]),
    ("task", &["problem_type", "task_type"]),
    ("schema", &["dtype", "dtypes", "column_types"]),
    ("device", &["gpu", "gpus", "use_gpu", "cuda", "no_cuda", "cpu", "accelerator", "device_type"]),
    ("out", &["output", "output_dir", "out_dir", "outdir", "save_dir", "log_dir", "logdir", "default_root_dir"]),
    ("output", &["out", "output_file", "out_file", "output_path"]),
    (
        "resume",
        &["checkpoint", "ckpt", "ckpt_path", "resume_from", "resume_from_checkpoint", "warm_start", "init_model"],
    ),
    ("checkpoint_every", &["save_every", "save_freq", "save_steps", "checkpoint_interval", "every_n_epochs"]),
    ("keep", &["save_top_k", "keep_last", "save_total_limit", "max_to_keep"]),
    ("config", &["cfg", "settings", "config_file", "config_path"]),
    ("log", &["logger", "report_to", "tensorboard"]),
    ("quiet", &["silent", "no_progress"]),
    ("samples", &["n_samples", "num_samples"]),
];

/// Settings that there are not: theirs, and what there is instead.
pub const NO_SETTINGS: &[(&[&str], &str)] = &[
    (
        &[
            "n_estimators",
            "num_leaves",
            "max_leaves",
            "max_depth",
            "num_boost_round",
            "num_round",
            "n_trees",
            "num_trees",
        ],
        "a network has no trees: --hidden is its size, --epochs how long it trains",
    ),
    (
        &[
            "min_child_weight",
            "min_samples_leaf",
            "min_samples_split",
            "min_data_in_leaf",
            "subsample",
            "colsample_bytree",
        ],
        "a network has no trees: --dropout, --weight-decay and --early-stop keep it from overfitting",
    ),
    (&["verbose", "verbosity", "progress", "debug", "log_level"], "everything is printed unless --quiet is given"),
    (
        &["shuffle", "no_shuffle"],
        "rows are shuffled by --seed; --order sequential leaves them as they stand, --split-time takes the oldest for training",
    ),
    (
        &["betas", "beta_1", "beta_2", "beta1", "beta2", "eps", "epsilon", "amsgrad"],
        "it is PyTorch's default; --lr, --weight-decay and for sgd --momentum can be set",
    ),
    (
        &["parse_dates", "infer_datetime_format", "dayfirst", "try_parse_dates"],
        "ISO dates are seen by themselves; --date-format says how others are written",
    ),
    (&["nrows", "n_rows"], "a table is read whole; cut it before"),
];

/// Values of settings: ours, and theirs.
pub const VALUES: &[(&str, &[&str])] = &[
    ("sigmoid", &["logistic", "expit"]),
    ("target", &["label", "output", "response"]),
    ("number", &["numeric", "float", "float64", "real"]),
    ("integer", &["int", "int64", "whole"]),
    ("text", &["string", "str", "object", "category"]),
    ("bool", &["boolean", "logical"]),
    ("datetime", &["timestamp", "time"]),
    ("identity", &["linear", "none"]),
    ("silu", &["swish"]),
    ("leaky_relu", &["lrelu"]),
    (
        "mse",
        &[
            "mean_squared_error",
            "squared_error",
            "reg:squarederror",
            "neg_mean_squared_error",
            "l2",
            "l2_loss",
            "mse_loss",
        ],
    ),
    (
        "mae",
        &["mean_absolute_error", "absolute_error", "reg:absoluteerror", "neg_mean_absolute_error", "l1", "l1_loss"],
    ),
    ("huber", &["smooth_l1", "smooth_l1_loss", "huber_loss"]),
    (
        "cross-entropy",
        &["ce", "cross_entropy_loss", "categorical_crossentropy", "sparse_categorical_crossentropy", "nll"],
    ),
    (
        "cross-entropy",
        &["log_loss", "nll_loss", "softmax", "multi:softmax", "multi:softprob", "multiclass", "multinomial"],
    ),
    ("bce", &["binary_crossentropy", "binary:logistic", "binary", "logistic", "bce_loss", "bce_with_logits"]),
    ("bce", &["bce_with_logits_loss", "binary_cross_entropy", "binary_logloss"]),
    ("accuracy", &["acc", "accuracy_score", "binary_accuracy", "categorical_accuracy"]),
    ("balanced_accuracy", &["balanced_accuracy_score", "bal_acc"]),
    ("precision_macro", &["precision", "precision_score"]),
    ("recall_macro", &["recall", "recall_score", "sensitivity"]),
    ("f1_macro", &["f1", "f1_score", "f_score"]),
    ("roc_auc", &["auc", "auroc", "roc", "roc_auc_score", "roc_auc_ovr", "roc_auc_ovo"]),
    ("average_precision", &["ap", "pr_auc", "auc_pr", "average_precision_score"]),
    ("log_loss", &["neg_log_loss", "cross_entropy", "binary_logloss", "multi_logloss", "mlogloss", "nll"]),
    ("brier_score", &["brier", "brier_score_loss", "neg_brier_score"]),
    ("r2", &["r2_score", "r_squared"]),
    ("rmse", &["root_mean_squared_error", "neg_root_mean_squared_error"]),
    ("mape", &["mean_absolute_percentage_error", "neg_mean_absolute_percentage_error"]),
    ("explained_variance", &["explained_variance_score"]),
    ("loss", &["val_loss", "valid_loss", "eval_loss"]),
    ("step", &["step_lr", "step_decay"]),
    ("cosine", &["cosine_annealing", "cosine_annealing_lr", "cosine_decay"]),
    ("one-cycle", &["one_cycle_lr", "1cycle"]),
    ("plateau", &["reduce_lr_on_plateau", "reduce_on_plateau"]),
    ("standard", &["standard_scaler", "z_score", "standardize"]),
    ("minmax", &["min_max_scaler", "normalize"]),
    ("robust", &["robust_scaler"]),
    ("onehot", &["one_hot_encoder", "dummy", "dummies", "get_dummies"]),
    ("label", &["ordinal", "ordinal_encoder", "label_encoder", "integer"]),
    ("most-frequent", &["mode"]),
    ("constant=V", &["constant", "fill", "zero"]),
    ("drop", &["dropna", "drop_rows"]),
    ("classification", &["classifier", "class", "binary", "multiclass"]),
    ("regression", &["regressor", "numeric", "continuous"]),
    ("grid", &["grid_search", "exhaustive"]),
    ("random", &["random_search", "randomized"]),
    ("balanced", &["auto"]),
    ("tensorboard", &["tb"]),
    ("dataloader", &["data_loader", "loader", "shuffle", "random_sampler"]),
    ("batch", &["bn", "batch_norm", "batch_norm1d"]),
    ("layer", &["ln", "layer_norm"]),
    ("cuda", &["gpu", "nvidia"]),
    ("ipc", &["feather", "arrow"]),
    ("ndjson", &["json", "jsonl", "jsonlines"]),
    ("csv", &["tsv", "txt"]),
];

/// Verbs: theirs, and ours.
pub const VERBS: &[(&[&str], &str)] = &[
    (&["train", "learn"], "fit"),
    (&["score", "eval", "test", "validate"], "evaluate"),
    (&["infer", "inference", "apply"], "predict"),
    (&["info", "describe", "summary", "summarize", "profile", "head"], "inspect"),
    (&["search", "optimize", "optimise", "hpo", "gridsearch", "hyperopt"], "tune"),
    (&["check"], "verify, and for this machine doctor"),
    (&["diagnose", "env"], "doctor"),
    (&["prepare", "prep", "transform"], "preprocess"),
    (&["repeat", "reproduce", "replay"], "rerun"),
    (&["dataset", "datasets"], "data"),
    (&["resume", "continue"], "fit --resume or run moons --resume"),
    (&["moons"], "run moons"),
    (&["boston"], "run boston"),
    (&["two-layer"], "run two-layer"),
    (&["descent"], "run descent"),
    (&["exhaustive"], "run exhaustive"),
];

/// What `word` is called here, if it is another's name for one of the settings `known`, as they are written there; or
/// that there is no such setting.
pub fn setting<'a>(word: &str, known: &[&'a str]) -> Option<Result<&'a str, &'static str>> {
    if let Some(ours) = ours(SETTINGS, word, known) {
        return Some(Ok(ours));
    }
    NO_SETTINGS.iter().find(|(theirs, _)| has(theirs, word)).map(|(_, instead)| Err(*instead))
}

/// What the value `word` is called among those `expected`, if it is another's name for one of them.
pub fn value<'a>(word: &str, expected: &[&'a str]) -> Option<&'a str> {
    ours(VALUES, word, expected)
}

/// What the verb `word` is called here.
pub fn verb(word: &str) -> Option<&'static str> {
    VERBS.iter().find(|(theirs, _)| has(theirs, word)).map(|(_, ours)| *ours)
}

fn ours<'a>(table: &[(&str, &[&str])], word: &str, known: &[&'a str]) -> Option<&'a str> {
    let meant = table.iter().filter(|(_, theirs)| has(theirs, word));
    meant.filter_map(|(ours, _)| known.iter().find(|name| plain(name) == plain(ours))).next().copied()
}

fn has(theirs: &[&str], word: &str) -> bool {
    theirs.iter().any(|other| plain(other) == plain(word))
}

fn plain(word: &str) -> String {
    word.trim().chars().filter(|letter| !matches!(letter, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}
