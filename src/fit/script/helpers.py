def add_up(values):
    """One after the other, as `np.sum(axis=0)` adds up the rows of a matrix."""
    return np.cumsum(values)[-1]


def mean(values):
    return add_up(values) / len(values)


def median(values):
    return np.quantile(values, 0.5)


def most_frequent(values):
    """The smallest of those that occur most often, as `SimpleImputer` takes it."""
    found, counts = np.unique(values, return_counts=True)
    return found[counts.argmax()]


def present(values):
    return values[~np.isnan(values)]


def standard(values):
    """Mean and standard deviation as `StandardScaler` takes them, 1 where the values are equal but for rounding."""
    n, center = len(values), mean(values)
    variance = mean((values - center) * (values - center))
    epsilon = np.finfo(float).eps
    rounding = n * epsilon * variance + (n * center * epsilon) ** 2
    return center, 1.0 if variance <= rounding else math.sqrt(variance)


def minmax(values):
    """The smallest value and the range, as `MinMaxScaler` takes them."""
    return values.min(), (values.max() - values.min()) or 1.0


def robust(values):
    """Median and interquartile range, as `RobustScaler` takes them."""
    low, center, high = np.quantile(values, [0.25, 0.5, 0.75])
    return center, (high - low) or 1.0


def moment(cell):
    """A date or time, taken for UTC where it has no offset."""
    time = datetime.fromisoformat(str(cell).strip())
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def read_safetensors(path):
    """The tensors by their names: a header in JSON behind its length, then their bytes."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    header.pop("__metadata__", None)
    dtypes = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64}
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensor = torch.frombuffer(bytearray(data[begin:end]), dtype=dtypes[entry["dtype"]])
        tensors[name] = tensor.reshape(entry["shape"])
    return tensors


def check(folder, history, net):
    """What differs first from the losses and weights in the folder of a run, bit for bit; None if nothing does."""
    with open(f"{folder}/history.csv", newline="") as file:
        run = list(csv.DictReader(file))
    for epoch, (ours, theirs) in enumerate(zip(history, run), 1):
        for name, value in ours.items():
            if value != float(theirs[name]):
                return f"epoch {epoch}: {name} is {value!r}, the run's {theirs[name]}"
    if len(history) != len(run):
        return f"{len(history)} epochs, the run has {len(run)}"
    weights = read_safetensors(f"{folder}/model.safetensors")
    state = net.state_dict()
    # The run counts the modules that have weights: layers.0, layers.1, …
    modules = list(dict.fromkeys(name.rsplit(".", 1)[0] for name in state))
    for name, tensor in state.items():
        module, leaf = name.rsplit(".", 1)
        name = f"layers.{modules.index(module)}.{leaf}"
        theirs = weights.pop(name, None)
        if theirs is None or theirs.shape != tensor.shape:
            return f"{name}: the run has no such tensor of shape {list(tensor.shape)}"
        if theirs.numpy().tobytes() != tensor.numpy().tobytes():
            return f"{name}: the largest difference is {(theirs - tensor).abs().max().item()}"
    return f"{next(iter(weights))}: stands in the run alone" if weights else None
