"""Files to float32 matrices, by the readers people use: `readers.py WHAT PATH THREADS` prints seconds by reader."""

import json
import os
import sys
import time

THREADS = int(sys.argv[3]) if sys.argv[3].isdigit() else 2
os.environ["POLARS_MAX_THREADS"] = str(THREADS)
os.environ["SAGEMAKER_SUPPRESS_V2_WARNING"] = "1"

import numpy as np


def seconds(read):
    """The better of two."""
    best = float("inf")
    for _ in range(2):
        start = time.perf_counter()
        found = read()
        best = min(best, time.perf_counter() - start)
        del found
    return best


def arrow_matrix(table):
    matrix = np.empty((table.num_rows, table.num_columns), np.float32)
    for index, column in enumerate(table.columns):
        matrix[:, index] = column.to_numpy()
    return matrix


def csv(path):
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from pyarrow import csv as pc

    pa.set_cpu_count(THREADS)
    columns = open(path).readline().count(",") + 1
    names = [f"f{index}" for index in range(columns)]
    convert = pc.ConvertOptions(column_types={name: pa.float32() for name in names})

    def pyarrow_table():
        return pc.read_csv(path, pc.ReadOptions(use_threads=THREADS > 1, column_names=names), convert_options=convert)

    def polars_frame():
        return pl.read_csv(path, has_header=False, new_columns=names, schema_overrides=[pl.Float32] * columns)

    return {
        "pandas": lambda: pd.read_csv(path, header=None, dtype=np.float32, engine="c").to_numpy(),
        "pyarrow": pyarrow_table,
        "pyarrow, matrix": lambda: arrow_matrix(pyarrow_table()),
        "polars": polars_frame,
        "polars, matrix": lambda: polars_frame().to_numpy(),
    }


def libsvm(path):
    from sklearn.datasets import load_svmlight_file

    return {"load_svmlight_file": lambda: load_svmlight_file(path, dtype=np.float32)}


def recordio(path):
    from sagemaker.amazon.common import read_records

    def records():
        with open(path, "rb") as file:
            return read_records(file)

    def matrix():
        return np.array([record.features["values"].float32_tensor.values for record in records()], np.float32)

    return {"sagemaker SDK": records, "SDK, matrix": matrix}


def parquet(path):
    import pyarrow as pa
    from pyarrow import parquet as pq

    pa.set_cpu_count(THREADS)

    def table():
        return pq.read_table(path, use_threads=THREADS > 1)

    return {"pyarrow": lambda: arrow_matrix(table()), "pyarrow, table": table}


def npy(path):
    size = os.path.getsize(path)

    def plain():
        with open(path, "rb", buffering=0) as file:
            room = np.empty(size, np.uint8)
            view, at = memoryview(room), 0
            while at < size:
                at += file.readinto(view[at:])
            return room

    return {"plain read": plain, "numpy": lambda: np.load(path)}


def make_parquet(array, path):
    import pyarrow as pa
    from pyarrow import parquet as pq

    matrix = np.load(array)
    names = [f"f{index}" for index in range(matrix.shape[1])]
    pq.write_table(pa.table([np.ascontiguousarray(column) for column in matrix.T], names=names), path)


if sys.argv[1] == "make-parquet":
    make_parquet(sys.argv[2], sys.argv[3])
else:
    readers = {"csv": csv, "libsvm": libsvm, "recordio": recordio, "parquet": parquet, "npy": npy}[sys.argv[1]](sys.argv[2])
    print(json.dumps({name: round(seconds(read), 4) for name, read in readers.items()}))
