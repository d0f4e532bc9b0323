//! Networks: what they compute beside products and formulas, forwards and backwards, and the steps that train them.
//!
//! What is not here is elsewhere: dense layers are products; activations are formulas (`max(z, 0)`, `tanh(z)`, `sigmoid(z)`), and so are
//! their gradients, from the layer's output y: `where(y > 0, g, 0)`, `g * (1 - y * y)`, `g * y * (1 - y)`; a bias' gradient is a sum over
//! rows; an embedding is [`gather`](crate::gather), and its gradient [`segment_sum`](crate::segment_sum) with the table's rows as segments.
//!
//! Everything is float32 or float64 and computed in that type, in an order that depends on shapes alone. Views are taken as they are,
//! at the price of a copy where they are not row-major; only what is written in place must be.

mod convolution;
mod cross_entropy;
mod dropout;
mod layer_norm;
mod number;
mod optimizers;
mod patches;
mod pooling;
mod rows;
mod softmax;
mod tasks;
mod window;

pub use convolution::{conv2d, conv2d_input_gradient, conv2d_weight_gradient};
pub use cross_entropy::{Loss, softmax_cross_entropy, softmax_cross_entropy_into};
pub use dropout::{dropout, dropout_into};
pub use layer_norm::{LayerNormGradients, layer_norm, layer_norm_gradients};
pub use optimizers::{Adagrad, Adam, RmsProp, Sgd, adagrad_step, adam_step, rmsprop_step, sgd_step};
pub use pooling::{Pooling, pool2d, pool2d_gradient};
pub use softmax::{log_softmax, log_softmax_gradient, softmax, softmax_gradient};
pub use window::Window;
