//! The help texts.

use crate::wasm::{HOST_VERSION, OPTIONAL_INTERFACES};

pub(super) const MAIN: &str = "\
algohost: trains and serves sandboxed WebAssembly algorithms against /opt/ml

Usage: algohost COMMAND

Commands:
  train     run the training job under /opt/ml, leave the model, exit
  serve     load component and model, answer GET /ping and POST /invocations
  local     run a training job on files of yours, without a platform
  inspect   say what a component exports, imports and declares
  describe  tell what a component declares: help text, JSON Schema, CreateAlgorithm's specifications
  compile   make a .cwasm, which loads in under a millisecond, of a .wasm
  image     make a container image of this program and a component
  wit       write the interface's files, for tools that read them
  bindings  write the interface as code of C, C++ or Go
  component make a component of a core module
  kernels   list what algorithms can call: signatures, dtypes, devices
  bench     time the kernels on this machine
  help      show the help of a command

Options:
  -h, --help      this text
  -V, --version   version of the program and of the interface it provides

Example:
  SAGEMAKER_BASE_DIR=./job algohost train --component learner.wasm

Exit status: 0 done; 1 wrong data, hyperparameters or files (user); 2 the algorithm failed; 3 the machine failed; 64 wrong command line.
";

pub(super) const TRAIN: &str = "\
Runs the training job under the base directory: reads input/config/*.json, checks hyperparameters and channels against what the
component declares, runs it, leaves the model in model/ and an empty output/success. On failure, output/failure has the cause in its first
line, then whose fault it is and what to do, within the 1,024 characters that the platform shows; the algorithm's backtrace follows. A
failure file that the algorithm wrote itself is kept instead. Metrics are lines `name=value step=N` on the standard output and, as JSON, in
output/data/metrics.jsonl; output/data/report.html tells the whole job.

Usage: algohost train [--component FILE] [--base DIR]

Options:
  --component FILE   the algorithm (.wasm or .cwasm). Otherwise, in this order: ALGOHOST_COMPONENT; SAGEMAKER_PROGRAM (variable or
                     hyperparameter sagemaker_program) in code/; the only component in code/; in /opt/program/
  --base DIR         instead of /opt/ml (also: SAGEMAKER_BASE_DIR)

Environment:
  ALGOHOST_COMPONENT_SHA256   the only digest that is accepted
  ALGOHOST_THREADS            kernel threads (default: one per processor)
  ALGOHOST_MEMORY_MB          linear memory of the algorithm (1024, or as much as tensors may have, if that is less)
  ALGOHOST_TENSOR_MB          tensors of the algorithm (four fifths of the machine's or container's memory beyond 32 MB)
  ALGOHOST_LOG                error, warn, info, debug or trace (info)
  ALGOHOST_PROGRESS_SECONDS   at most one line about progress in so many seconds (10); 0: none
  ALGOHOST_REPORT             0: no report
  ALGOHOST_EMF                1: metrics also as lines of CloudWatch's Embedded Metric Format on the standard output
  ALGOHOST_EMF_NAMESPACE      their namespace (algohost); dimensions are TrainingJobName, from TRAINING_JOB_NAME, and Host
  ALGOHOST_STOP_GRACE_SECONDS what the algorithm has to save its model after SIGTERM (100), before it is interrupted
  ALGOHOST_MAX_RUNTIME_SECONDS after which the job is stopped as by SIGTERM; 0 is never (what the job's own request says, if it is there)
  ALGOHOST_CHECKPOINTS_KEPT   how many of the newest checkpoints stay (5)

The algorithm sees the SM_ variables and the arguments that the training toolkit gives to a script, and the container's own variables, but for
AWS_ (all but AWS_REGION, AWS_DEFAULT_REGION, AWS_EXECUTION_ENV) and ECS_ ones; names with SECRET, PASSWORD, PASSWD, CREDENTIAL, ACCESS_KEY,
PRIVATE_KEY, API_KEY or the word TOKEN; values with an address of the metadata service, a key or a URL with a password; and what is this
process's own (PATH, HOME, LD_, RUST_, SSH_, ALGOHOST_, SAGEMAKER_BASE_DIR, ...).

Exit status: 0 done; 1 wrong data, hyperparameters, channels or files (user); 2 the algorithm failed, broke off or took too long; 3 the machine
failed (files that cannot be read or written, interruption); 64 wrong command line; 128 + N the second signal N ended the process.

Example:
  algohost train --base ./job --component learner.wasm
";

pub(super) const SERVE: &str = "\
Loads component and model once and answers GET /ping (200 when ready), POST /invocations, GET /execution-parameters and GET /metrics until
SIGTERM. With SAGEMAKER_MULTI_MODEL=true, models are loaded, listed and unloaded by the platform's calls below /models instead.

Usage: algohost serve [--component FILE] [--base DIR]

Options:
  --component FILE   the algorithm (.wasm or .cwasm). Otherwise, in this order: ALGOHOST_COMPONENT; SAGEMAKER_PROGRAM in code/; the only
                     component in code/; in model/code/; in /opt/program/
  --base DIR         instead of /opt/ml (also: SAGEMAKER_BASE_DIR); the model is in DIR/model

Environment:
  SAGEMAKER_BIND_TO_PORT            port (8080); 0 takes a free one and prints it
  ALGOHOST_BIND_ADDRESS             address (0.0.0.0)
  ALGOHOST_INSTANCES                instances that answer, each on its own thread (one per processor); also SAGEMAKER_MODEL_SERVER_WORKERS
  ALGOHOST_PERMITS                  kernels of all instances that may share the kernel threads at once (as many as threads)
  ALGOHOST_QUEUE                    requests that may wait (1024); more are answered 503
  ALGOHOST_REQUEST_TIMEOUT_SECONDS  time limit of a request (60); also SAGEMAKER_MODEL_SERVER_TIMEOUT, in seconds
  SAGEMAKER_STARTUP_TIMEOUT         seconds that starting and loading the model may take (600)
  ALGOHOST_IDLE_SECONDS             how long a connection may be without a request, its headers may take, or what is sent go unread (75)
  ALGOHOST_MAX_BATCH_ROWS           answer requests that wait by one call of the algorithm, up to so many rows (0: one by one)
  ALGOHOST_BATCH_DELAY_MS           how long a request may wait for others to be answered with it (0)
  ALGOHOST_MAX_BODY_MB              largest request (25); also SAGEMAKER_MAX_PAYLOAD_IN_MB
  SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT   content type of answers when the request accepts anything (application/json)
  SAGEMAKER_INFERENCE_OUTPUT        names of the outputs to answer with, with commas between them (all)
  SAGEMAKER_BATCH                   true: every answer ends with a line end
  SAGEMAKER_MULTI_MODEL             true: many models; ALGOHOST_TENSOR_MB is then for the weights of all of them
  ALGOHOST_MODEL_MB                 tensors of one of many models, weights included
  ALGOHOST_WARM_INSTANCES           instances of many models that are kept when nobody needs them (four per processor)
  ALGOHOST_MAX_STREAMS              answers sent part by part, and conversations, at once (64); more are answered 503
  ALGOHOST_STREAM_SECONDS           time limit of an answer that is sent part by part (480)
  ALGOHOST_CONVERSATION_SECONDS     time limit of a conversation (1800)
  SAGEMAKER_ENABLE_STATEFUL_SESSIONS   true: clients open and close sessions, in which algorithms remember
  SAGEMAKER_SESSIONS_EXPIRATION     seconds that a session lasts (1200)
  ALGOHOST_SESSION_MB               what algorithms may keep of all sessions together (256)
  ALGOHOST_LOG_FORMAT               json: log lines as JSON. With ALGOHOST_LOG=debug every request has one that says where its time went
  and ALGOHOST_COMPONENT_SHA256, ALGOHOST_THREADS, ALGOHOST_MEMORY_MB, ALGOHOST_TENSOR_MB, ALGOHOST_LOG as for train

Example:
  SAGEMAKER_BIND_TO_PORT=9000 algohost serve --base ./job --component learner.wasm
";

pub(super) const LOCAL: &str = "\
Makes a base directory from the command line, as the platform would make /opt/ml for a job on one host, and runs the training job in it.
Says where model and output are, and the command that serves the model.

Usage: algohost local --component FILE [--hp NAME=VALUE]... [--channel NAME=PATH[,PATH...][;CONTENT-TYPE]]... [--out DIR] [--keep]

Options:
  --component FILE   the algorithm (.wasm or .cwasm; also: ALGOHOST_COMPONENT)
  --hp NAME=VALUE    a hyperparameter
  --channel NAME=PATH[,PATH...][;CONTENT-TYPE]
                     files, and folders with all that is in them; named again, a channel gets more files. They are linked (hard links), or
                     copied where that cannot be. Without a content type, names decide: .csv, .parquet, .libsvm
  --out DIR          the base directory (algohost-local). It must be empty, or of an earlier local run, which is removed first
  --keep             leave output and checkpoints of the earlier run where they are

Environment: as for train

Example:
  algohost local --component learner.wasm --hp epochs=10 --channel 'train=data.csv;text/csv;label_size=1' --channel validation=held-out.csv
";

pub(super) const INSPECT: &str = "\
Says what a component is: sha256, sizes, exports, imports and whether each is granted, and what it declares (hyperparameters, channels,
metrics). A .cwasm is native code: inspect only what you would run.

Usage: algohost inspect [--json] FILE

Example:
  algohost inspect learner.wasm
";

pub(super) const DESCRIBE: &str = "\
Tells what an algorithm declares of itself: hyperparameters, channels, metrics, requests and answers. A .cwasm is native code: describe only
what you would run.

Usage: algohost describe [--format FORMAT] [--image IMAGE] FILE

Options:
  --format FORMAT   text                      help for people (default)
                    json-schema               JSON Schema of the hyperparameters
                    training-specification    TrainingSpecification of CreateAlgorithm, as JSON
                    inference-specification   InferenceSpecification of CreateAlgorithm, as JSON
  --image IMAGE     the container image that the specifications name; without it, they lack that key

Example:
  algohost describe --format training-specification --image 123456789012.dkr.ecr.eu-west-1.amazonaws.com/learner:1 learner.wasm
";

pub(super) const COMPILE: &str = "\
Compiles a component to native code. The .cwasm loads in under a millisecond, and is trusted only when it is named by --component or
ALGOHOST_COMPONENT, or pinned by ALGOHOST_COMPONENT_SHA256. It runs on every build of this version.

Usage: algohost compile [-o FILE] [--cpu LEVEL] COMPONENT

Options:
  -o, --output FILE   where the result goes (default: beside the component, ending in .cwasm)
  --cpu LEVEL         native            this machine's processor (default)
                      x86-64            every x86-64 processor
                      x86-64-v2         those with SSE4.2: since 2009
                      x86-64-v3         those with AVX2: since 2013
                      x86-64-v4         those with AVX-512
                      Kernels choose what the processor has when they run, whatever is said here.

Example:
  algohost compile learner.wasm -o learner.cwasm --cpu x86-64-v3
";

pub(super) const IMAGE: &str = "\
Makes a container image: this program, a component, links named train and serve. No daemon is needed, and nothing is fetched. The archive is an
OCI archive and a Docker archive alike, and the same, byte for byte, whenever it is made of the same parts.

Usage: algohost image [OPTIONS] COMPONENT

COMPONENT: a .wasm, which is compiled, or a .cwasm. The image pins its digest.

Options:
  -o, --output FILE       the archive (default: beside the component, ending in .tar)
  --tag NAME:TAG          what the image is called (default: the component's name, and latest)
  --cpu LEVEL             which processors the component is compiled for (x86-64-v2); `algohost help compile` lists them
  --program FILE          another build of this version instead of this program, a slim one for example
  --base ARCHIVE          add to this image, an archive that `podman save`, `docker save` or skopeo made. Its variables, labels, user and working
                          directory stay. Otherwise the image is made from nothing, and the program must be linked statically
  --ca-certificates FILE  authorities' certificates as PEM, put at /etc/ssl/certs/ca-certificates.crt
  --model DIR             put these files into /opt/ml/model
  --env NAME=VALUE        a variable of the container, such as SAGEMAKER_MULTI_MODEL=true
  --label NAME=VALUE      a label. The image has those that tell the platform what it can do, and the component's name, version and summary

Example:
  algohost image learner.wasm --program target/slim/algohost -o learner.tar
  podman load -i learner.tar
";

pub(super) const WIT: &str = "\
Writes the files of the interface algohost:ml into a folder, for tools that read them: wit-bindgen in Rust, componentize-py, jco.

Usage: algohost wit -o DIR

Example:
  algohost wit -o wit
";

pub(super) const BINDINGS: &str = "\
Writes a world of the interface as code: c, cpp (C++20) or go. Zig takes C's header. Bindings are made anew for each version of the interface, so
generate them in the build, and keep them out of version control.

Usage: algohost bindings [--wit DIR] LANGUAGE WORLD -o DIR

WORLD: algorithm, trainer-only, predictor-only, raw-handler, raw-algorithm, streaming-handler, conversing-handler, or one of your own

Options:
  -o, --output DIR   where the files go
  --wit DIR          an interface of your own in place of this program's

Example:
  algohost bindings c algorithm -o generated
";

pub(super) const COMPONENT: &str = "\
Makes a component of a core module for wasm32, with or without WASI (preview 1).

Usage: algohost component [--world WORLD] [--wit DIR] MODULE -o FILE

Options:
  -o, --output FILE   the component
  --world WORLD       what the module implements. Modules with bindings of C or C++ in them say it themselves
  --wit DIR           an interface of your own in place of this program's

Example:
  algohost component core.wasm --world algorithm -o learner.wasm
";

pub(super) const KERNELS: &str = "\
Lists the kernels that algorithms can call: signature, dtypes, devices, what each computes.

Usage: algohost kernels [--json] [WORD...]

WORD: only kernels whose name (interface.function) contains one of the words

Example:
  algohost kernels linalg select.sort
";

pub(super) const BENCH: &str = "\
Times the kernels on this machine, each on stated operands, and prints a table: time of one call, and what it gets done in a second.

Usage: algohost bench [--json] [WORD...]

WORD: only cases whose name contains one of the words

Environment:
  ALGOHOST_THREADS     kernel threads (default: one per processor)
  ALGOHOST_TENSOR_MB   memory for operands (four fifths of the machine's or container's memory beyond 32 MB); the largest case takes about 400 MB

Example:
  ALGOHOST_THREADS=1 algohost bench matmul sort
";

/// Commands, their help, and the feature without which a build lacks them.
pub(super) const TOPICS: [(&str, &str, &str); 12] = [
    ("train", TRAIN, ""),
    ("serve", SERVE, ""),
    ("local", LOCAL, ""),
    ("inspect", INSPECT, ""),
    ("describe", DESCRIBE, ""),
    ("compile", COMPILE, "compiler"),
    ("image", IMAGE, "image"),
    ("wit", WIT, "authoring"),
    ("bindings", BINDINGS, "authoring"),
    ("component", COMPONENT, "authoring"),
    ("kernels", KERNELS, ""),
    ("bench", BENCH, "bench"),
];

/// What this build may have or lack, beside interfaces.
const FEATURES: [(&str, bool); 8] = [
    ("authoring", cfg!(feature = "authoring")),
    ("avx512", cfg!(feature = "avx512")),
    ("bench", cfg!(feature = "bench")),
    ("compiler", cfg!(feature = "compiler")),
    ("image", cfg!(feature = "image")),
    ("linalg", cfg!(feature = "linalg")),
    ("parquet", cfg!(feature = "parquet")),
    ("source-lines", cfg!(feature = "source-lines")),
];

/// Whether this build has the command.
pub(super) fn is_built((_, _, feature): &(&str, &str, &str)) -> bool {
    feature.is_empty() || FEATURES.contains(&(*feature, true))
}

pub(super) fn version() -> String {
    let all = FEATURES.iter().chain(&OPTIONAL_INTERFACES);
    let mut features: Vec<&str> = all.filter(|(_, built)| *built).map(|(name, _)| *name).collect();
    features.sort_unstable();
    let features = if features.is_empty() { "none".to_owned() } else { features.join(", ") };
    format!("algohost {} (algohost:ml {HOST_VERSION}, wasmtime 48)\nfeatures: {features}\n", env!("CARGO_PKG_VERSION"))
}
