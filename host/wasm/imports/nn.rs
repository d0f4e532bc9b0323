//! `nn`: networks and the steps that train them.

use algohost_kernels::Tensor;
use algohost_kernels::nn as kernels;
use wasmtime::component::Resource;

use crate::wasm::bindings::algohost::ml::nn::{
    AdagradOptions, AdamOptions, Host, LayerNormGradients, Loss, Pooling, RmspropOptions, SgdOptions, Window,
};
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::TensorHandle;

type Handle = Resource<TensorHandle>;
type Answer<T> = Result<T, ImportError>;

impl Guest {
    pub(super) fn given(&self, handle: Option<&Handle>) -> Answer<Option<&Tensor>> {
        handle.map(|handle| self.tensor(handle)).transpose()
    }
}

fn places(window: &Window) -> kernels::Window {
    let size = |value: u32| value as usize;
    kernels::Window {
        stride: [window.stride_rows, window.stride_columns].map(size),
        padding: [window.padding_top, window.padding_left, window.padding_bottom, window.padding_right].map(size),
        dilation: [window.dilation_rows, window.dilation_columns].map(size),
    }
}

fn pooling(how: Pooling) -> kernels::Pooling {
    match how {
        Pooling::Max => kernels::Pooling::Max,
        Pooling::Average => kernels::Pooling::Average,
    }
}

impl Host for Guest {
    fn softmax(&mut self, x: Handle) -> Answer<Handle> {
        let made = kernels::softmax(&self.context, self.tensor(&x)?)?;
        self.new_tensor(made)
    }

    fn log_softmax(&mut self, x: Handle) -> Answer<Handle> {
        let made = kernels::log_softmax(&self.context, self.tensor(&x)?)?;
        self.new_tensor(made)
    }

    fn softmax_gradient(&mut self, y: Handle, gradient: Handle) -> Answer<Handle> {
        let made = kernels::softmax_gradient(&self.context, self.tensor(&y)?, self.tensor(&gradient)?)?;
        self.new_tensor(made)
    }

    fn log_softmax_gradient(&mut self, y: Handle, gradient: Handle) -> Answer<Handle> {
        let made = kernels::log_softmax_gradient(&self.context, self.tensor(&y)?, self.tensor(&gradient)?)?;
        self.new_tensor(made)
    }

    fn softmax_cross_entropy(&mut self, logits: Handle, labels: Handle, weights: Option<Handle>) -> Answer<Loss> {
        let weights = self.given(weights.as_ref())?;
        let loss = kernels::softmax_cross_entropy(&self.context, self.tensor(&logits)?, self.tensor(&labels)?, weights)?;
        Ok(Loss { value: loss.value, gradient: self.new_tensor(loss.gradient)? })
    }

    fn softmax_cross_entropy_into(&mut self, gradient: Handle, logits: Handle, labels: Handle, weights: Option<Handle>) -> Answer<f64> {
        let (gradient, logits, labels) = (self.tensor(&gradient)?, self.tensor(&logits)?, self.tensor(&labels)?);
        Ok(kernels::softmax_cross_entropy_into(&self.context, gradient, logits, labels, self.given(weights.as_ref())?)?)
    }

    fn layer_norm(&mut self, x: Handle, weight: Option<Handle>, bias: Option<Handle>, epsilon: f64) -> Answer<Handle> {
        let (weight, bias) = (self.given(weight.as_ref())?, self.given(bias.as_ref())?);
        let made = kernels::layer_norm(&self.context, self.tensor(&x)?, weight, bias, epsilon)?;
        self.new_tensor(made)
    }

    fn layer_norm_backward(&mut self, x: Handle, weight: Option<Handle>, epsilon: f64, gradient: Handle) -> Answer<LayerNormGradients> {
        self.room_for_tensors(3)?;
        let (x, weight, gradient) = (self.tensor(&x)?, self.given(weight.as_ref())?, self.tensor(&gradient)?);
        let made = kernels::layer_norm_gradients(&self.context, x, weight, epsilon, gradient)?;
        let (x, weight, bias) = (self.new_tensor(made.x)?, self.new_tensor(made.weight)?, self.new_tensor(made.bias)?);
        Ok(LayerNormGradients { x, weight, bias })
    }

    fn dropout(&mut self, x: Handle, rate: f64, seed: u32, sequence: u32) -> Answer<Handle> {
        let made = kernels::dropout(&self.context, self.tensor(&x)?, rate, seed, sequence)?;
        self.new_tensor(made)
    }

    fn dropout_into(&mut self, out: Handle, x: Handle, rate: f64, seed: u32, sequence: u32) -> Answer<()> {
        Ok(kernels::dropout_into(&self.context, self.tensor(&out)?, self.tensor(&x)?, rate, seed, sequence)?)
    }

    fn conv2d(&mut self, x: Handle, weight: Handle, window: Window, groups: u32) -> Answer<Handle> {
        let made = kernels::conv2d(&self.context, self.tensor(&x)?, self.tensor(&weight)?, &places(&window), groups as usize)?;
        self.new_tensor(made)
    }

    fn conv2d_input_gradient(
        &mut self,
        gradient: Handle,
        weight: Handle,
        rows: u32,
        columns: u32,
        window: Window,
        groups: u32,
    ) -> Answer<Handle> {
        let (gradient, weight, image) = (self.tensor(&gradient)?, self.tensor(&weight)?, [rows as usize, columns as usize]);
        let made = kernels::conv2d_input_gradient(&self.context, gradient, weight, image, &places(&window), groups as usize)?;
        self.new_tensor(made)
    }

    fn conv2d_weight_gradient(
        &mut self,
        x: Handle,
        gradient: Handle,
        rows: u32,
        columns: u32,
        window: Window,
        groups: u32,
    ) -> Answer<Handle> {
        let (x, gradient, size) = (self.tensor(&x)?, self.tensor(&gradient)?, [rows as usize, columns as usize]);
        let made = kernels::conv2d_weight_gradient(&self.context, x, gradient, size, &places(&window), groups as usize)?;
        self.new_tensor(made)
    }

    fn pool2d(&mut self, x: Handle, how: Pooling, rows: u32, columns: u32, window: Window) -> Answer<Handle> {
        let size = [rows as usize, columns as usize];
        let made = kernels::pool2d(&self.context, self.tensor(&x)?, pooling(how), size, &places(&window))?;
        self.new_tensor(made)
    }

    fn pool2d_gradient(&mut self, x: Handle, gradient: Handle, how: Pooling, rows: u32, columns: u32, window: Window) -> Answer<Handle> {
        let (x, gradient, size) = (self.tensor(&x)?, self.tensor(&gradient)?, [rows as usize, columns as usize]);
        let made = kernels::pool2d_gradient(&self.context, x, gradient, pooling(how), size, &places(&window))?;
        self.new_tensor(made)
    }

    fn sgd_step(&mut self, parameter: Handle, gradient: Handle, velocity: Option<Handle>, options: SgdOptions) -> Answer<()> {
        let SgdOptions { learning_rate, momentum, nesterov, weight_decay } = options;
        let options = kernels::Sgd { learning_rate, momentum, nesterov, weight_decay };
        let (parameter, gradient) = (self.tensor(&parameter)?, self.tensor(&gradient)?);
        Ok(kernels::sgd_step(&self.context, parameter, gradient, self.given(velocity.as_ref())?, &options)?)
    }

    fn adam_step(
        &mut self,
        parameter: Handle,
        gradient: Handle,
        mean: Handle,
        squares: Handle,
        step: u32,
        options: AdamOptions,
    ) -> Answer<()> {
        let AdamOptions { learning_rate, beta1, beta2, epsilon, weight_decay, decoupled } = options;
        let options = kernels::Adam { learning_rate, beta1, beta2, epsilon, weight_decay, decoupled };
        let state = (self.tensor(&mean)?, self.tensor(&squares)?);
        Ok(kernels::adam_step(&self.context, self.tensor(&parameter)?, self.tensor(&gradient)?, state, step, &options)?)
    }

    fn adagrad_step(&mut self, parameter: Handle, gradient: Handle, squares: Handle, options: AdagradOptions) -> Answer<()> {
        let AdagradOptions { learning_rate, epsilon, weight_decay } = options;
        let options = kernels::Adagrad { learning_rate, epsilon, weight_decay };
        let (parameter, gradient, squares) = (self.tensor(&parameter)?, self.tensor(&gradient)?, self.tensor(&squares)?);
        Ok(kernels::adagrad_step(&self.context, parameter, gradient, squares, &options)?)
    }

    fn rmsprop_step(&mut self, parameter: Handle, gradient: Handle, squares: Handle, options: RmspropOptions) -> Answer<()> {
        let RmspropOptions { learning_rate, decay, epsilon, weight_decay } = options;
        let options = kernels::RmsProp { learning_rate, decay, epsilon, weight_decay };
        let (parameter, gradient, squares) = (self.tensor(&parameter)?, self.tensor(&gradient)?, self.tensor(&squares)?);
        Ok(kernels::rmsprop_step(&self.context, parameter, gradient, squares, &options)?)
    }
}
