//! One compiled component, checked and linked.

use anyhow::Result;
use wasmtime::component::{Component, InstancePre};

use super::bindings::exports::algohost::ml::{conversation_handler, handler, metadata, predictor, stream_handler, trainer};
use super::component_check::{HOST_VERSION, Import, is_compatible, own_version, require_granted};
use super::engine::Host;
use super::guest::Guest;
use crate::failure::{Code, Failure};

/// A component that can be instantiated any number of times. Cheap to clone.
#[derive(Clone)]
pub struct Algorithm {
    name: String,
    imports: Vec<Import>,
    exports: Exports,
    pub(super) pre: InstancePre<Guest>,
    pub(super) metadata: Option<metadata::GuestIndices>,
    pub(super) trainer: Option<trainer::GuestIndices>,
    pub(super) predictor: Option<predictor::GuestIndices>,
    pub(super) handler: Option<handler::GuestIndices>,
    pub(super) stream_handler: Option<stream_handler::GuestIndices>,
    pub(super) conversation_handler: Option<conversation_handler::GuestIndices>,
}

/// Which parts of an algorithm a component has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "wit/exports.wit documents the interfaces of the same names")]
pub struct Exports {
    pub metadata: bool,
    pub trainer: bool,
    pub predictor: bool,
    pub handler: bool,
    pub stream_handler: bool,
    pub conversation_handler: bool,
}

impl Exports {
    /// Whether it answers requests in calls that are over when the answer is known.
    pub fn answers_at_once(self) -> bool {
        self.predictor || self.handler
    }

    /// Whether it has calls that last as long as their client.
    pub fn lasts(self) -> bool {
        self.stream_handler || self.conversation_handler
    }
}

impl Algorithm {
    pub(super) fn link(host: &Host, name: &str, component: &Component) -> Result<Algorithm> {
        let ty = component.component_type();
        let imports: Vec<Import> = ty.imports(host.engine()).map(|(import, _)| Import::check(import)).collect();
        require_granted(name, &imports)?;
        let exports: Vec<String> = ty.exports(host.engine()).map(|(export, _)| export.to_owned()).collect();
        require_exports(name, &exports)?;
        let pre = host.linker().instantiate_pre(component).map_err(|error| {
            let what = format!("{name} does not fit algohost:ml {HOST_VERSION}: {}", crate::telemetry::one_line(&format!("{error:#}")));
            Failure::new(Code::BadComponent, what).help("Build it again with this host's wit")
        })?;
        let metadata = metadata::GuestIndices::new(&pre).ok();
        let trainer = trainer::GuestIndices::new(&pre).ok();
        let predictor = predictor::GuestIndices::new(&pre).ok();
        let handler = handler::GuestIndices::new(&pre).ok();
        let stream_handler = stream_handler::GuestIndices::new(&pre).ok();
        let conversation_handler = conversation_handler::GuestIndices::new(&pre).ok();
        let exports = Exports {
            metadata: metadata.is_some(),
            trainer: trainer.is_some(),
            predictor: predictor.is_some(),
            handler: handler.is_some(),
            stream_handler: stream_handler.is_some(),
            conversation_handler: conversation_handler.is_some(),
        };
        if !exports.metadata {
            let what = format!("{name} does not export metadata as algohost:ml {HOST_VERSION} defines it");
            return Err(Failure::new(Code::BadComponent, what).help("Every algorithm exports `metadata.describe`").into());
        }
        Ok(Algorithm {
            name: name.to_owned(),
            imports,
            exports,
            pre,
            metadata,
            trainer,
            predictor,
            handler,
            stream_handler,
            conversation_handler,
        })
    }

    /// The file it was loaded from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it imports.
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// What it exports.
    pub fn exports(&self) -> Exports {
        self.exports
    }

    /// The failure of asking for an export that is not there.
    pub(super) fn lacks(&self, export: &str, purpose: &str) -> Failure {
        Failure::new(Code::BadComponent, format!("{} exports no {export}, so it cannot {purpose}", self.name))
            .help("`algohost inspect` shows what a component exports")
    }
}

/// Checks the versions of the exports; another version's would only be seen as missing.
fn require_exports(name: &str, exports: &[String]) -> Result<(), Failure> {
    for export in exports {
        if let Some(version) = own_version(export)
            && !is_compatible(version)
        {
            let what = format!("{name}: export {export} is built for algohost:ml {version}, this host provides {HOST_VERSION}");
            return Err(
                Failure::new(Code::BadComponent, what).help("Build it again with this host's wit, or use the host it was built for")
            );
        }
    }
    Ok(())
}
