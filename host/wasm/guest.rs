//! The state of one instance: what its imports work on.

use std::sync::Arc;

use algohost_kernels::forest::Forest as CutForest;
use algohost_kernels::{BinnedMatrix, Budget, Cancel, Context, Csr, FactorizationTrainer, Forest, Formula, Grower, Tensor};
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};

use super::archives::{Archive, Archives, Writer};
use super::bindings::algohost::ml::{requests, types};
use super::checkpoints::Checkpoints;
use super::engine::Host;
use super::handles::{MatrixHandle, Present, Scoped, Slab, TensorHandle};
use super::instance::Setup;
use super::job::{Access, Channel, Job};
use super::kernel_time::KernelTime;
use super::output::Output;
use super::sessions::Session;
use super::streams::{AnswerWriter, Conversation};
use super::usage::Metered;
use super::watchdog::Deadline;
use crate::data::{Feed, IndexBase, Records, RowForm};
use crate::failure::{Code, Failure};
use crate::telemetry;

/// Everything behind the imports of one instance.
pub(super) struct Guest {
    wasi: WasiCtx,
    table: ResourceTable,
    pub(super) store_limits: Metered,
    pub(super) context: Context,
    pub(super) deadline: Arc<Deadline>,
    pub(super) job: Arc<Job>,
    pub(super) archives: Archives,
    pub(super) checkpoints: Checkpoints,
    pub(super) output: Output,
    pub(super) tensors: Scoped<Tensor>,
    pub(super) matrices: Scoped<Csr>,
    pub(super) formulas: Slab<Formula>,
    pub(super) binned_matrices: Slab<Arc<BinnedMatrix>>,
    pub(super) growers: Slab<Grower>,
    pub(super) cut_forests: Slab<CutForest>,
    pub(super) forests: Slab<Forest>,
    pub(super) learners: Slab<FactorizationTrainer>,
    pub(super) readers: Slab<Feed>,
    pub(super) record_readers: Slab<Records>,
    pub(super) index_base: IndexBase,
    /// Of the first channel that was opened.
    pub(super) row_form: Option<RowForm>,
    pub(super) writers: Slab<Writer>,
    pub(super) archive_handles: Slab<Archive>,
    pub(super) answer_writer: Present<AnswerWriter>,
    pub(super) conversation: Present<Conversation>,
    /// Of the present call.
    pub(super) session: Option<Session>,
    pub(super) kernel_time: KernelTime,
}

impl Drop for Guest {
    /// What outlives the guest, such as a model's weights, holds on to its budget; blocks for tensors to come should not stay for that.
    fn drop(&mut self) {
        self.context.budget().release_spare();
    }
}

impl Guest {
    pub(super) fn new(host: &Host, setup: &Setup) -> anyhow::Result<Guest> {
        let cancel = Cancel::default();
        let budget = Budget::new(setup.limits.tensor_bytes);
        let output = Output::default();
        setup.usage.watch(&budget);
        Ok(Guest {
            wasi: wasi(setup, &output)?,
            table: ResourceTable::new(),
            store_limits: Metered::new(setup.limits.for_store(), setup.usage.clone()),
            context: Context::new(budget, cancel.clone(), host.pool().clone()).with_permits(setup.permits.clone()),
            deadline: Deadline::new(cancel),
            index_base: IndexBase::of(setup.job.channels.iter().map(Channel::source)),
            row_form: None,
            job: Arc::clone(&setup.job),
            archives: setup.archives.clone(),
            checkpoints: setup.checkpoints.clone(),
            output,
            tensors: Scoped::new(setup.limits.handles, "tensor"),
            matrices: Scoped::new(setup.limits.handles, "sparse matrix"),
            formulas: Slab::new(setup.limits.handles, "formula"),
            binned_matrices: Slab::new(setup.limits.handles, "binned matrix"),
            growers: Slab::new(setup.limits.handles, "grower"),
            cut_forests: Slab::new(setup.limits.handles, "cut forest"),
            forests: Slab::new(setup.limits.handles, "forest"),
            learners: Slab::new(setup.limits.handles, "learner"),
            readers: Slab::new(setup.limits.handles, "reader"),
            record_readers: Slab::new(setup.limits.handles, "record reader"),
            writers: Slab::new(setup.limits.handles, "archive writer"),
            archive_handles: Slab::new(setup.limits.handles, "archive"),
            answer_writer: Present::new("answer writer"),
            conversation: Present::new("conversation"),
            session: None,
            kernel_time: KernelTime::default(),
        })
    }

    /// Whether a kind of handle is used up, so that the instance can do no more.
    pub(super) fn is_exhausted(&self) -> bool {
        self.tensors.is_full()
            || self.matrices.is_full()
            || self.formulas.is_full()
            || self.binned_matrices.is_full()
            || self.growers.is_full()
            || self.cut_forests.is_full()
            || self.forests.is_full()
            || self.learners.is_full()
            || self.readers.is_full()
            || self.record_readers.is_full()
            || self.writers.is_full()
            || self.archive_handles.is_full()
    }

    #[inline]
    pub(super) fn tensor(&self, handle: &Resource<TensorHandle>) -> Result<&Tensor, ImportError> {
        Ok(self.tensors.get(handle.rep())?)
    }

    #[inline(never)]
    pub(super) fn new_tensor(&mut self, tensor: Tensor) -> Result<Resource<TensorHandle>, ImportError> {
        Ok(Resource::new_own(self.tensors.insert(tensor)?))
    }

    /// An error unless as many tensors can be made.
    pub(super) fn room_for_tensors(&self, count: usize) -> Result<(), ImportError> {
        Ok(self.tensors.check_room(count)?)
    }

    #[inline]
    pub(super) fn matrix(&self, handle: &Resource<MatrixHandle>) -> Result<&Csr, ImportError> {
        Ok(self.matrices.get(handle.rep())?)
    }

    pub(super) fn new_matrix(&mut self, matrix: Csr) -> Result<Resource<MatrixHandle>, ImportError> {
        Ok(Resource::new_own(self.matrices.insert(matrix)?))
    }

    /// Opens a scope for tensors and sparse matrices inside of the present one.
    pub(super) fn open_scope(&mut self) -> u64 {
        self.matrices.open_scope();
        // Both count the same scopes, so that one number names both.
        self.tensors.open_scope()
    }

    /// Closes a scope and those inside of it.
    pub(super) fn close_scope(&mut self, id: u64) {
        self.matrices.close_scope(id);
        self.tensors.close_scope(id);
    }
}

/// The little of WASI that a guest is granted: no network; the listed folders, variables and arguments.
fn wasi(setup: &Setup, output: &Output) -> anyhow::Result<WasiCtx> {
    let mut builder = WasiCtx::builder();
    builder
        .allow_blocking_current_thread(true)
        .stdout(output.clone())
        .stderr(output.clone())
        .envs(&setup.grants.environment)
        .args(&setup.grants.arguments)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false);
    for folder in &setup.grants.folders {
        let permissions = match folder.access {
            Access::Read => FsPerms::ReadOnly,
            Access::Write => FsPerms::ReadWrite,
        };
        builder.preopened_dir(&folder.host, &folder.guest, permissions).map_err(|error| {
            let what = format!("the folder {} cannot be opened for the algorithm: {error}", folder.host.display());
            Failure::new(Code::Io, what)
        })?;
    }
    Ok(builder.build())
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// What an import answers with instead of its result: an error that the guest can handle.
#[derive(Debug)]
pub struct ImportError(pub(super) Failure);

impl From<Failure> for ImportError {
    fn from(failure: Failure) -> ImportError {
        ImportError(failure)
    }
}

impl From<algohost_kernels::Error> for ImportError {
    #[cold]
    #[inline(never)]
    fn from(error: algohost_kernels::Error) -> ImportError {
        ImportError(error.into())
    }
}

impl From<anyhow::Error> for ImportError {
    fn from(error: anyhow::Error) -> ImportError {
        ImportError(Failure::of(&error))
    }
}

impl ImportError {
    pub(super) fn new(code: Code, what: impl Into<String>) -> ImportError {
        ImportError(Failure::new(code, what))
    }
}

impl types::Host for Guest {
    fn convert_error(&mut self, error: ImportError) -> wasmtime::Result<types::Error> {
        // Not an error that the guest could handle: its call ends here.
        if error.0.code == Code::Trap { Err(wasmtime::Error::msg(error.0.what)) } else { Ok(error.into()) }
    }
}

impl requests::Host for Guest {}

impl From<ImportError> for types::Error {
    #[cold]
    #[inline(never)]
    fn from(ImportError(failure): ImportError) -> types::Error {
        let message = match failure.help {
            Some(help) => format!("{}\n{help}", failure.what),
            None => failure.what,
        };
        types::Error { code: to_wit(failure.code), message }
    }
}

fn to_wit(code: Code) -> types::ErrorCode {
    use types::ErrorCode;
    match code {
        Code::InvalidInput | Code::TooLarge | Code::Slow | Code::Usage => ErrorCode::InvalidInput,
        Code::UnsupportedMedia | Code::NotAcceptable => ErrorCode::UnsupportedMedia,
        Code::BadModel => ErrorCode::BadModel,
        Code::BadOperation => ErrorCode::BadOperation,
        Code::LimitExceeded => ErrorCode::LimitExceeded,
        Code::Interrupted | Code::Deadline | Code::Busy => ErrorCode::Interrupted,
        Code::Io => ErrorCode::Io,
        Code::NotFound | Code::Absent => ErrorCode::NotFound,
        Code::NotSupported => ErrorCode::NotSupported,
        Code::Denied => ErrorCode::Denied,
        Code::Internal | Code::Trap | Code::BadComponent => ErrorCode::Internal,
    }
}

/// An error that a guest's export returned.
pub(super) fn from_wit(error: &types::Error) -> Failure {
    use types::ErrorCode;
    let code = match error.code {
        ErrorCode::InvalidInput => Code::InvalidInput,
        ErrorCode::UnsupportedMedia => Code::UnsupportedMedia,
        ErrorCode::BadModel => Code::BadModel,
        ErrorCode::BadOperation => Code::BadOperation,
        ErrorCode::LimitExceeded => Code::LimitExceeded,
        ErrorCode::Interrupted => Code::Interrupted,
        ErrorCode::Io => Code::Io,
        ErrorCode::NotFound => Code::NotFound,
        ErrorCode::NotSupported => Code::NotSupported,
        ErrorCode::Denied => Code::Denied,
        ErrorCode::Internal => Code::Internal,
    };
    // The guest's words go into logs and the failure file: line by line, nothing but text.
    let mut lines = error.message.lines().map(telemetry::one_line).filter(|line| !line.trim().is_empty());
    let what = lines.next().unwrap_or_else(|| "the algorithm failed without a message".to_owned());
    let rest: Vec<String> = lines.collect();
    let failure = Failure::new(code, what);
    if rest.is_empty() { failure } else { failure.help(rest.join("\n")) }
}
