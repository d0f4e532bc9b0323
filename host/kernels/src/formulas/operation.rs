//! What can be done to elements, once, for numbers and for blocks.

use super::elementary::{exp, expm1, log, log1p, sigmoid, softplus, tanh};
use super::real::Real;

/// An operation on one to three elements. Its definition is one line of `by_operation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    Copy,
    Negate,
    Abs,
    Sign,
    Floor,
    Ceil,
    Round,
    Trunc,
    Sqrt,
    Exp,
    Expm1,
    Log,
    Log1p,
    Sin,
    Cos,
    Tan,
    Tanh,
    Sigmoid,
    Softplus,
    IsNan,
    Not,
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Min,
    Max,
    Less,
    LessEqual,
    Equal,
    NotEqual,
    And,
    Or,
    Where,
}

/// Expands `$run!(|operands| value)` for the operation; the type of elements is `T` where this is used.
macro_rules! by_operation {
    ($operation:expr, $run:ident) => {
        match $operation {
            Operation::Copy => $run!(|x| x),
            Operation::Negate => $run!(|x| -x),
            Operation::Abs => $run!(|x| x.abs()),
            Operation::Sign => $run!(|x| if x > T::ZERO {
                T::ONE
            } else if x < T::ZERO {
                -T::ONE
            } else {
                x
            }),
            Operation::Floor => $run!(|x| x.floor()),
            Operation::Ceil => $run!(|x| x.ceil()),
            Operation::Round => $run!(|x| x.round()),
            Operation::Trunc => $run!(|x| x.trunc()),
            Operation::Sqrt => $run!(|x| x.sqrt()),
            Operation::Exp => $run!(|x| exp(x)),
            Operation::Expm1 => $run!(|x| expm1(x)),
            Operation::Log => $run!(|x| log(x)),
            Operation::Log1p => $run!(|x| log1p(x)),
            Operation::Sin => $run!(|x| x.sin()),
            Operation::Cos => $run!(|x| x.cos()),
            Operation::Tan => $run!(|x| x.tan()),
            Operation::Tanh => $run!(|x| tanh(x)),
            Operation::Sigmoid => $run!(|x| sigmoid(x)),
            Operation::Softplus => $run!(|x| softplus(x)),
            Operation::IsNan => $run!(|x| T::truth(x != x)),
            Operation::Not => $run!(|x| T::truth(x == T::ZERO)),
            Operation::Add => $run!(|x, y| x + y),
            Operation::Subtract => $run!(|x, y| x - y),
            Operation::Multiply => $run!(|x, y| x * y),
            Operation::Divide => $run!(|x, y| x / y),
            Operation::Power => $run!(|x, y| x.power(y)),
            Operation::Min => $run!(|x, y| if x < y || x != x { x } else { y }),
            Operation::Max => $run!(|x, y| if x > y || x != x { x } else { y }),
            Operation::Less => $run!(|x, y| T::truth(x < y)),
            Operation::LessEqual => $run!(|x, y| T::truth(x <= y)),
            Operation::Equal => $run!(|x, y| T::truth(x == y)),
            Operation::NotEqual => $run!(|x, y| T::truth(x != y)),
            Operation::And => $run!(|x, y| T::truth((x != T::ZERO) & (y != T::ZERO))),
            Operation::Or => $run!(|x, y| T::truth((x != T::ZERO) | (y != T::ZERO))),
            Operation::Where => $run!(|x, y, z| if x != T::ZERO { y } else { z }),
        }
    };
}

impl Operation {
    /// How many operands it has.
    pub(super) fn arity(self) -> usize {
        macro_rules! count {
            (|$x:ident| $value:expr) => {
                1
            };
            (|$x:ident, $y:ident| $value:expr) => {
                2
            };
            (|$x:ident, $y:ident, $z:ident| $value:expr) => {
                3
            };
        }
        by_operation!(self, count)
    }

    /// Whether its values are 0 and 1 only.
    pub(super) fn is_truth(self) -> bool {
        matches!(
            self,
            Operation::IsNan
                | Operation::Not
                | Operation::Less
                | Operation::LessEqual
                | Operation::Equal
                | Operation::NotEqual
                | Operation::And
                | Operation::Or
        )
    }

    /// The value for one element; operands beyond the arity are ignored.
    pub(super) fn of_numbers<T: Real>(self, [a, b, c]: [T; 3]) -> T {
        macro_rules! once {
            (|$x:ident| $value:expr) => {{
                let $x = a;
                $value
            }};
            (|$x:ident, $y:ident| $value:expr) => {{
                let ($x, $y) = (a, b);
                $value
            }};
            (|$x:ident, $y:ident, $z:ident| $value:expr) => {{
                let ($x, $y, $z) = (a, b, c);
                $value
            }};
        }
        match self {
            Operation::Sin if a.is_far() => a.far_sin(),
            Operation::Cos if a.is_far() => a.far_cos(),
            Operation::Tan if a.is_far() => a.far_tan(),
            _ => by_operation!(self, once),
        }
    }

    /// The values for a block, into `to`; operands within the arity have its length.
    #[inline(always)]
    pub(super) fn of_blocks<T: Real>(self, to: &mut [T], [a, b, c]: [&[T]; 3]) {
        macro_rules! each {
            (|$x:ident| $value:expr) => {
                for (to, &$x) in to.iter_mut().zip(a) {
                    *to = $value;
                }
            };
            (|$x:ident, $y:ident| $value:expr) => {
                for ((to, &$x), &$y) in to.iter_mut().zip(a).zip(b) {
                    *to = $value;
                }
            };
            (|$x:ident, $y:ident, $z:ident| $value:expr) => {
                for (((to, &$x), &$y), &$z) in to.iter_mut().zip(a).zip(b).zip(c) {
                    *to = $value;
                }
            };
        }
        by_operation!(self, each);
        match self {
            Operation::Sin => mend(to, a, T::far_sin),
            Operation::Cos => mend(to, a, T::far_cos),
            Operation::Tan => mend(to, a, T::far_tan),
            _ => {}
        }
    }
}

/// Computes again what is of numbers that the arithmetic is not made for.
#[inline(always)]
fn mend<T: Real>(to: &mut [T], from: &[T], far: fn(T) -> T) {
    if from.iter().fold(false, |any, x| any | x.is_far()) {
        to.iter_mut().zip(from).filter(|(_, x)| x.is_far()).for_each(|(to, &x)| *to = far(x));
    }
}
