//! Everything `bindgen!` makes of `wit/`: the only place where it is called.
//!
//! One world with every export serves all components: a component that exports less is found out by
//! `exports::…::GuestIndices::new`, interface by interface.

#![expect(missing_docs, reason = "generated; wit/*.wit has the documentation")]

wasmtime::component::bindgen!({
    path: "wit",
    inline: "
        package algohost:host;
        world widest {
            include algohost:ml/imports@0.1.0;
            export algohost:ml/metadata@0.1.0;
            export algohost:ml/trainer@0.1.0;
            export algohost:ml/predictor@0.1.0;
            export algohost:ml/handler@0.1.0;
            export algohost:ml/stream-handler@0.1.0;
            export algohost:ml/conversation-handler@0.1.0;
        }
    ",
    world: "algohost:host/widest",
    ownership: Borrowing { duplicate_if_necessary: true },
    imports: { default: trappable },
    trappable_error_type: { "algohost:ml/types.error" => crate::wasm::ImportError },
    with: {
        "algohost:ml/tensors.tensor": crate::wasm::handles::TensorHandle,
        "algohost:ml/tensors.scope": crate::wasm::handles::ScopeHandle,
        "algohost:ml/factorization.learner": algohost_kernels::FactorizationTrainer,
        "algohost:ml/sparse.matrix": crate::wasm::handles::MatrixHandle,
        "algohost:ml/formulas.formula": algohost_kernels::Formula,
        "algohost:ml/forest.trees": algohost_kernels::forest::Forest,
        "algohost:ml/trees.binned-matrix": algohost_kernels::BinnedMatrix,
        "algohost:ml/trees.grower": algohost_kernels::Grower,
        "algohost:ml/trees.forest": algohost_kernels::Forest,
        "algohost:ml/data.reader": crate::data::Feed,
        "algohost:ml/data.record-reader": crate::data::Records,
        "algohost:ml/streams.answer-writer": crate::wasm::streams::AnswerWriter,
        "algohost:ml/streams.conversation": crate::wasm::streams::Conversation,
        "algohost:ml/artifacts.writer": crate::wasm::archives::Writer,
        "algohost:ml/artifacts.archive": crate::wasm::archives::Archive,
    },
});
