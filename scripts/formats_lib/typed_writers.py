"""Writers of Parquet and of Arrow's own formats."""

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

from . import frames
from .tables import Writer, variant


def arrow_parquet(**settings):
    return lambda path, sources: pq.write_table(frames.arrow(sources), path, **settings)


def pandas_parquet(kind="numpy", **settings):
    return lambda path, sources: frames.pandas(sources, kind).to_parquet(path, index=False, **settings)


def polars_parquet(**settings):
    return lambda path, sources: frames.polars(sources).write_parquet(path, **settings)


def duck_parquet(settings=""):
    def write(path, sources):
        frames.duck(sources).execute(f"COPY cells TO '{path}' (FORMAT parquet{settings})")

    return write


def arrow_ipc(opener, **settings):
    def write(path, sources):
        table = frames.arrow(sources)
        with opener(str(path), table.schema, options=pa.ipc.IpcWriteOptions(**settings)) as writer:
            writer.write_table(table, max_chunksize=10)

    return write


def polars_ipc(stream=False, **settings):
    def write(path, sources):
        frame = frames.polars(sources)
        (frame.write_ipc_stream if stream else frame.write_ipc)(path, **settings)

    return write


def duck_ipc(path, sources):
    table = frames.duck(sources).sql("SELECT * FROM cells").to_arrow_table()
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table)


# What fastparquet writes of other columns are texts of its own.
FASTPARQUET = {"nested", "bytes", "interval", "time", "empty"}


def fast_parquet(**settings):
    def write(path, sources):
        odd = [source.name for source in sources if source.family in FASTPARQUET or "decimal" in source.name]
        if odd and len(sources) > 1:
            raise TypeError(odd)
        frames.pandas(sources).to_parquet(path, engine="fastparquet", index=False, **settings)

    return write


# Without Arrow's schema in it Parquet has whole numbers for these; fastparquet takes durations for times of day.
NO_SCHEMA = frozenset({"bool8", "duration_s", "duration_ms", "duration_us", "duration_ns", "duration_gaps"})


# fastparquet writes these seconds as milliseconds; pandas itself reads 1970.
NOT_FAST = frozenset({"datetime_s", "datetime_s_berlin"})
# As INT96 all but nanoseconds.
NOT_INT96 = NOT_FAST | {
    f"datetime_{name}" for name in ["ms", "us", "gaps", "far", "ms_utc", "us_berlin", "us_utc", "us_fixed"]
}


def parquet_writers():
    base = Writer("pyarrow", "Parquet", ".parquet", arrow_parquet())
    yield base
    for version in ("1.0", "2.4", "2.6"):
        yield variant(base, name=f"pyarrow version {version}", write=arrow_parquet(version=version, compression="gzip"))
    for compression in ("none", "brotli", "lz4", "zstd"):
        yield variant(base, name=f"pyarrow {compression}", write=arrow_parquet(compression=compression))
    yield variant(
        base,
        name="pyarrow page v2",
        write=arrow_parquet(data_page_version="2.0", use_dictionary=False, row_group_size=10),
    )
    yield variant(base, name="pyarrow INT96", write=arrow_parquet(use_deprecated_int96_timestamps=True))
    yield variant(
        base,
        name="pyarrow no Arrow schema",
        write=arrow_parquet(store_schema=False, write_statistics=False),
        zone="UTC",
        leave=NO_SCHEMA,
    )
    yield variant(
        base, name="pyarrow byte stream split", write=arrow_parquet(use_byte_stream_split=True, use_dictionary=False)
    )
    numpy = Writer("pandas", "Parquet", ".parquet", pandas_parquet(), leave=frames.NO_NUMPY)
    yield numpy
    yield variant(numpy, name="pandas nullable", write=pandas_parquet("nullable"))
    yield variant(numpy, name="pandas ArrowDtype", write=pandas_parquet("arrow", compression="zstd"), leave=frozenset())
    fast = Writer("fastparquet", "Parquet", ".parquet", fast_parquet(), zone="UTC", leave=NO_SCHEMA | NOT_FAST)
    yield fast
    yield variant(
        fast,
        name="fastparquet int96 gzip",
        write=fast_parquet(times="int96", compression="gzip"),
        leave=NO_SCHEMA | NOT_INT96,
    )
    polars = Writer("polars", "Parquet", ".parquet", polars_parquet(), adapt=frames.polars_family)
    yield polars
    for compression in ("uncompressed", "snappy", "gzip", "brotli", "lz4"):
        yield variant(
            polars, name=f"polars {compression}", write=polars_parquet(compression=compression, row_group_size=10)
        )
    yield variant(polars, name="polars pyarrow", write=polars_parquet(use_pyarrow=True))
    duck = Writer("DuckDB", "Parquet", ".parquet", duck_parquet(), zone="UTC", adapt=frames.duck_family)
    yield duck
    yield variant(duck, name="DuckDB v2 zstd", write=duck_parquet(", PARQUET_VERSION v2, COMPRESSION zstd"))


def arrow_writers():
    file = Writer("pyarrow", "Arrow file", ".arrow", arrow_ipc(pa.ipc.new_file))
    yield file
    for compression in ("lz4", "zstd"):
        yield variant(file, name=f"pyarrow {compression}", write=arrow_ipc(pa.ipc.new_file, compression=compression))
    yield variant(
        file,
        name="pyarrow feather",
        suffix=".feather",
        write=lambda path, sources: feather.write_feather(frames.arrow(sources), path),
    )
    stream = Writer("pyarrow", "Arrow stream", ".arrows", arrow_ipc(pa.ipc.new_stream))
    yield variant(stream, thorough=True)
    yield variant(stream, name="pyarrow lz4", suffix=".arrow", write=arrow_ipc(pa.ipc.new_stream, compression="lz4"))
    yield variant(
        file,
        name="pandas",
        suffix=".feather",
        write=lambda path, sources: frames.pandas(sources).to_feather(path),
        shown=True,
        thorough=True,
        leave=frames.NO_NUMPY,
    )
    yield variant(
        file,
        name="pandas ArrowDtype",
        suffix=".feather",
        write=lambda path, sources: frames.pandas(sources, "arrow").to_feather(path),
    )
    polars = Writer("polars", "Arrow file", ".ipc", polars_ipc(), adapt=frames.polars_family)
    yield polars
    yield variant(polars, name="polars zstd", write=polars_ipc(compression="zstd"))
    yield variant(polars, name="polars oldest", write=polars_ipc(compat_level=oldest()))
    yield variant(polars, format="Arrow stream", suffix=".arrow", write=polars_ipc(stream=True))
    yield variant(
        stream,
        name="DuckDB",
        suffix=".arrow",
        write=duck_ipc,
        zone="UTC",
        adapt=frames.duck_arrow_family,
        shown=True,
        thorough=True,
    )


def oldest():
    import polars

    return polars.CompatLevel.oldest()
