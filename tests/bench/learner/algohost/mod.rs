//! The interface as plain functions over the kernels: what a guest's generated bindings offer, without a sandbox between.

pub(crate) mod ml {
    pub(crate) mod types {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum ErrorCode {
            InvalidInput,
            BadOperation,
            LimitExceeded,
            Internal,
        }

        #[derive(Debug, Clone)]
        pub(crate) struct Error {
            pub(crate) code: ErrorCode,
            pub(crate) message: String,
        }
    }

    pub(crate) mod job {
        use super::types::{Error, ErrorCode};
        use crate::native::{hyperparameter, with};
        use serde_json::Value;

        pub(crate) enum Level {
            Info,
            Warn,
        }

        pub(crate) struct Cluster {
            pub(crate) size: u32,
        }

        fn get<T>(name: &str, read: impl FnOnce(&Value) -> Option<T>) -> Result<T, Error> {
            let value = hyperparameter(name);
            value.as_ref().and_then(read).ok_or_else(|| Error { code: ErrorCode::InvalidInput, message: name.to_owned() })
        }

        pub(crate) fn has(name: &str) -> bool {
            hyperparameter(name).is_some()
        }

        pub(crate) fn number(name: &str) -> Result<f64, Error> {
            get(name, Value::as_f64)
        }

        pub(crate) fn integer(name: &str) -> Result<i32, Error> {
            get(name, |value| value.as_i64().map(|value| value as i32))
        }

        pub(crate) fn flag(name: &str) -> Result<bool, Error> {
            get(name, Value::as_bool)
        }

        pub(crate) fn text(name: &str) -> Result<String, Error> {
            get(name, |value| value.as_str().map(str::to_owned))
        }

        pub(crate) fn cluster_info() -> Cluster {
            Cluster { size: with(|setup, _| setup.job.cluster.hosts.len() as u32) }
        }

        pub(crate) fn should_stop() -> bool {
            with(|setup, _| setup.job.stop.load(std::sync::atomic::Ordering::Relaxed))
        }

        pub(crate) fn metric(name: &str, value: f64, step: u32) {
            with(|setup, _| setup.job.record.metric(name, value, step));
        }

        pub(crate) fn progress(done: f64, total: f64) {
            with(|setup, _| setup.job.record.progress(done, total));
        }

        pub(crate) fn log(_: Level, message: &str) {
            ::algohost::telemetry::guest_log(tracing::Level::INFO, message);
        }
    }

    pub(crate) mod tensors {
        use super::types::Error;
        use crate::native::with;
        use algohost_kernels as kernels;

        #[derive(Clone, Copy)]
        pub(crate) enum Dtype {
            Float32,
            Float64,
            Int32,
        }

        pub(crate) struct Tensor(pub(super) kernels::Tensor);

        fn sizes(values: &[u32]) -> Vec<usize> {
            values.iter().map(|&value| value as usize).collect()
        }

        impl Dtype {
            fn kernels(self) -> kernels::DType {
                match self {
                    Dtype::Float32 => kernels::DType::Float32,
                    Dtype::Float64 => kernels::DType::Float64,
                    Dtype::Int32 => kernels::DType::Int32,
                }
            }
        }

        impl Tensor {
            pub(crate) fn shape(&self) -> Vec<u32> {
                self.0.shape().iter().map(|&length| length as u32).collect()
            }

            pub(crate) fn read(&self, start: u32, count: u32) -> Result<Vec<u8>, Error> {
                with(|_, context| Ok(self.0.read_rows(context, start as usize, count as usize)?))
            }

            pub(crate) fn write(&self, start: u32, bytes: &[u8]) -> Result<(), Error> {
                with(|_, context| Ok(self.0.write_rows(context, start as usize, bytes)?))
            }

            pub(crate) fn item(&self) -> Result<f64, Error> {
                Ok(self.0.item()?)
            }

            pub(crate) fn reshape(&self, shape: &[u32]) -> Result<Tensor, Error> {
                with(|_, context| Ok(Tensor(self.0.reshape(context, &sizes(shape))?)))
            }

            pub(crate) fn cast(&self, to: Dtype) -> Result<Tensor, Error> {
                with(|_, context| Ok(Tensor(self.0.cast(context, to.kernels())?)))
            }

            pub(crate) fn slice(&self, axis: u32, start: u32, end: u32) -> Result<Tensor, Error> {
                Ok(Tensor(self.0.slice(axis as usize, start as usize..end as usize)?))
            }
        }

        pub(crate) fn zeros(shape: &[u32], dtype: Dtype) -> Result<Tensor, Error> {
            with(|_, context| Ok(Tensor(kernels::Tensor::zeros(context, &sizes(shape), dtype.kernels())?)))
        }

        pub(crate) fn from_bytes(shape: &[u32], dtype: Dtype, bytes: &[u8]) -> Result<Tensor, Error> {
            with(|_, context| Ok(Tensor(kernels::Tensor::from_bytes(context, &sizes(shape), dtype.kernels(), bytes)?)))
        }
    }

    pub(crate) mod formulas {
        use std::cell::RefCell;

        use super::tensors::Tensor;
        use super::types::Error;
        use crate::native::with;
        use algohost_kernels as kernels;
        pub(crate) use algohost_kernels::Reduction;

        pub(crate) struct Formula(RefCell<kernels::Formula>);

        fn unwrapped<'a>(inputs: &[&'a Tensor]) -> Vec<&'a kernels::Tensor> {
            inputs.iter().map(|input| &input.0).collect()
        }

        fn axes(values: &[u32]) -> Vec<usize> {
            values.iter().map(|&value| value as usize).collect()
        }

        impl Formula {
            pub(crate) fn bind(&self, name: &str, value: &Tensor) -> Result<(), Error> {
                Ok(self.0.borrow_mut().bind(name, &value.0)?)
            }

            pub(crate) fn bind_scalar(&self, name: &str, value: f64) -> Result<(), Error> {
                Ok(self.0.borrow_mut().bind_scalar(name, value)?)
            }

            pub(crate) fn apply(&self, inputs: &[&Tensor]) -> Result<Tensor, Error> {
                with(|_, context| Ok(Tensor(self.0.borrow().apply(context, &unwrapped(inputs))?)))
            }

            pub(crate) fn apply_into(&self, out: &Tensor, inputs: &[&Tensor]) -> Result<(), Error> {
                with(|_, context| Ok(self.0.borrow().apply_into(context, &out.0, &unwrapped(inputs))?))
            }

            pub(crate) fn reduce(&self, how: Reduction, over: &[u32], keep_dims: bool, inputs: &[&Tensor]) -> Result<Tensor, Error> {
                with(|_, context| Ok(Tensor(self.0.borrow().reduce(context, how, &axes(over), keep_dims, &unwrapped(inputs))?)))
            }

            pub(crate) fn reduce_all(&self, how: Reduction, inputs: &[&Tensor]) -> Result<f64, Error> {
                with(|_, context| Ok(self.0.borrow().reduce_all(context, how, &unwrapped(inputs))?))
            }
        }

        pub(crate) fn compile(inputs: &str, formula: &str) -> Result<Formula, Error> {
            Ok(Formula(RefCell::new(kernels::Formula::compile(inputs, formula)?)))
        }

        pub(crate) fn reduce(a: &Tensor, how: Reduction, over: &[u32], keep_dims: bool) -> Result<Tensor, Error> {
            with(|_, context| Ok(Tensor(kernels::reduce(context, &a.0, how, &axes(over), keep_dims)?)))
        }
    }

    pub(crate) mod linalg {
        use super::tensors::Tensor;
        use super::types::Error;
        use crate::native::with;
        pub(crate) use algohost_kernels::Transposed;

        pub(crate) fn matmul(a: &Tensor, b: &Tensor, transposed: Transposed) -> Result<Tensor, Error> {
            with(|_, context| Ok(Tensor(algohost_kernels::matmul(context, &a.0, &b.0, transposed)?)))
        }
    }

    pub(crate) mod losses;

    pub(crate) mod sparse;

    pub(crate) mod select {
        use super::tensors::Tensor;
        use super::types::Error;
        use crate::native::with;

        pub(crate) fn gather(a: &Tensor, indices: &Tensor) -> Result<Tensor, Error> {
            with(|_, context| Ok(Tensor(algohost_kernels::gather(context, &a.0, &indices.0)?)))
        }
    }

    pub(crate) mod random {
        use super::tensors::Tensor;
        use super::types::Error;
        use crate::native::with;

        pub(crate) fn permutation(count: u32, seed: u32, sequence: u32) -> Result<Tensor, Error> {
            with(|_, context| Ok(Tensor(algohost_kernels::permutation(context, count as usize, seed, sequence)?)))
        }
    }

    pub(crate) mod data {
        use super::sparse::Matrix;
        use super::tensors::Tensor;
        use super::types::Error;
        use crate::native::with;
        use ::algohost::data;

        pub(crate) struct Channel {
            pub(crate) name: String,
        }

        pub(crate) struct Batch {
            pub(crate) features: Tensor,
            pub(crate) labels: Option<Tensor>,
            pub(crate) weights: Option<Tensor>,
        }

        pub(crate) struct SparseBatch {
            pub(crate) features: Matrix,
            pub(crate) labels: Option<Tensor>,
            pub(crate) weights: Option<Tensor>,
        }

        pub(crate) struct Reader(data::Reader);

        impl Reader {
            pub(crate) fn read_all(mut self) -> Result<Batch, Error> {
                let batch = self.0.read_all()?;
                Ok(Batch { features: Tensor(batch.features), labels: batch.labels.map(Tensor), weights: batch.weights.map(Tensor) })
            }

            pub(crate) fn is_sparse(&self) -> bool {
                self.0.is_sparse()
            }

            pub(crate) fn read_all_sparse(mut self) -> Result<SparseBatch, Error> {
                let batch = self.0.read_all_sparse()?;
                let (labels, weights) = (batch.labels.map(Tensor), batch.weights.map(Tensor));
                Ok(SparseBatch { features: Matrix(batch.features), labels, weights })
            }
        }

        pub(crate) fn channels() -> Vec<Channel> {
            with(|setup, _| {
                let channels = setup.job.channels.iter();
                channels.map(|channel| Channel { name: channel.name.clone() }).collect()
            })
        }

        pub(crate) fn open_channel_with(name: &str, options: &str) -> Result<Reader, Error> {
            with(|setup, context| {
                let channel = setup.job.channels.iter().find(|channel| channel.name == name).unwrap();
                let origin = data::Origin::Folder(channel.folder.clone());
                let content_type = channel.content_type.clone();
                let source = data::Source { channel: channel.name.clone(), origin, content_type, fetched: false };
                let options = data::Options::from_json(options)?;
                Ok(Reader(data::Reader::open(context, &source, options, &mut data::IndexBase::default())?))
            })
        }
    }

    pub(crate) mod artifacts {
        use super::tensors::Tensor;
        use super::types::Error;
        use crate::native::with;
        use ::algohost::wasm::archives;

        pub(crate) struct Writer(std::cell::RefCell<archives::Writer>);

        impl Writer {
            pub(crate) fn add(&self, name: &str, value: &Tensor) -> Result<(), Error> {
                with(|_, context| self.0.borrow_mut().add(context, name, &value.0)).map_err(|failure| anyhow::Error::new(failure).into())
            }

            pub(crate) fn finish(self, metadata: &str) -> Result<(), Error> {
                self.0.into_inner().finish(metadata, None).map_err(|failure| anyhow::Error::new(failure).into())
            }
        }

        pub(crate) fn create_archive(file: &str) -> Result<Writer, Error> {
            let writer = with(|setup, _| setup.archives.create(file)).map_err(anyhow::Error::new)?;
            Ok(Writer(std::cell::RefCell::new(writer)))
        }
    }
}
