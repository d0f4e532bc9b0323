//! The one export that is measured, in the shape that the guest's generated bindings have.

pub(crate) mod algohost {
    pub(crate) mod ml {
        pub(crate) mod trainer {
            use crate::algohost::ml::types::Error;

            pub(crate) trait Guest {
                fn train() -> Result<(), Error>;
            }
        }
    }
}
