//! What the options of the examples do to a model: each test fails when its option is ignored. Data are made here, a few hundred rows.

mod boosting;
mod boosting_categories;
mod boosting_losses;
mod clusters;
mod components;
mod forest;
mod machines;
mod neighbors;
mod network;
