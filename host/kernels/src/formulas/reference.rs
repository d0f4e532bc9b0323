//! A second, naive implementation to hold the first against: a tree walked over float64 for each element, with a bound on how far
//! float32 or float64 arithmetic may be off. Compiled for tests only.

use std::fmt;

/// A formula as a tree. Its text is what the compiler reads.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    Input(usize),
    Number(f64),
    /// `-` or `not`.
    Prefix(&'static str, Box<Tree>),
    Infix(&'static str, Box<Tree>, Box<Tree>),
    Call(&'static str, Vec<Tree>),
}

/// How tightly a tree's own operator binds, as Python has it.
fn strength(tree: &Tree) -> u8 {
    match tree {
        Tree::Infix("or", ..) => 1,
        Tree::Infix("and", ..) => 2,
        Tree::Prefix("not", _) => 3,
        Tree::Infix("<" | "<=" | ">" | ">=" | "==" | "!=", ..) => 4,
        Tree::Infix("+" | "-", ..) => 5,
        Tree::Infix("*" | "/", ..) => 6,
        Tree::Prefix(..) => 7,
        Tree::Infix(..) => 8,
        Tree::Input(_) | Tree::Number(_) | Tree::Call(..) => 9,
    }
}

/// Writes `tree` with parentheses only where it binds looser than `least`.
fn write_within(f: &mut fmt::Formatter<'_>, tree: &Tree, least: u8) -> fmt::Result {
    if strength(tree) < least { write!(f, "({tree})") } else { write!(f, "{tree}") }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tree::Input(input) => write!(f, "{}", ["a", "b", "c"][*input]),
            Tree::Number(value) => write!(f, "{value}"),
            Tree::Prefix(prefix, inner) => {
                write!(f, "{prefix} ")?;
                write_within(f, inner, strength(self))
            }
            Tree::Infix(operator, left, right) => {
                let own = strength(self);
                // A power's left must be an atom, its right may have a minus; comparisons do not chain.
                let (left_least, right_least) = match own {
                    8 => (9, 7),
                    4 => (5, 5),
                    _ => (own, own + 1),
                };
                write_within(f, left, left_least)?;
                write!(f, " {operator} ")?;
                write_within(f, right, right_least)
            }
            Tree::Call(name, operands) => {
                write!(f, "{name}(")?;
                for (place, operand) in operands.iter().enumerate() {
                    write!(f, "{}{operand}", if place > 0 { ", " } else { "" })?;
                }
                f.write_str(")")
            }
        }
    }
}

/// A value, and how far the kernels may be from it; an infinite bound says that they may be anywhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounded {
    pub(super) value: f64,
    pub(super) bound: f64,
}

/// The arithmetic that the bounds are for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Precision {
    /// A few units in the last place, relative.
    pub(super) relative: f64,
    /// What is smaller may be lost.
    pub(super) smallest: f64,
    /// What is larger may be infinite.
    pub(super) largest: f64,
}

impl Tree {
    /// The value for one element of each input.
    pub(super) fn value(&self, inputs: &[f64], precision: Precision) -> Bounded {
        match self {
            Tree::Input(input) => Bounded { value: inputs[*input], bound: 0.0 },
            Tree::Number(value) => rounded(*value, 0.0, precision),
            Tree::Prefix("-", inner) => {
                let Bounded { value, bound } = inner.value(inputs, precision);
                Bounded { value: -value, bound }
            }
            Tree::Prefix(_, inner) => {
                let inner = inner.value(inputs, precision);
                truth(inner.value == 0.0, straddles(inner, 0.0))
            }
            Tree::Infix(operator, left, right) => {
                binary(operator, left.value(inputs, precision), right.value(inputs, precision), precision)
            }
            Tree::Call(name, operands) => {
                let operands: Vec<Bounded> = operands.iter().map(|operand| operand.value(inputs, precision)).collect();
                match operands[..] {
                    [a] => unary(name, a, precision),
                    [a, b] => binary(name, a, b, precision),
                    [a, b, c] if *name == "clamp" => binary("min", binary("max", a, b, precision), c, precision),
                    [condition, then, other] => choose(condition, then, other),
                    _ => unreachable!("no function has so many operands"),
                }
            }
        }
    }
}

fn truth(value: bool, unsure: bool) -> Bounded {
    Bounded { value: f64::from(u8::from(value)), bound: if unsure { f64::INFINITY } else { 0.0 } }
}

fn straddles(a: Bounded, edge: f64) -> bool {
    let distance = (a.value - edge).abs();
    a.bound > 0.0 && (distance <= a.bound || distance.is_nan())
}

fn choose(condition: Bounded, then: Bounded, other: Bounded) -> Bounded {
    let chosen = if condition.value != 0.0 { then } else { other };
    if straddles(condition, 0.0) { Bounded { bound: f64::INFINITY, ..chosen } } else { chosen }
}

/// The value with what its own rounding adds to the bound.
fn rounded(value: f64, bound: f64, precision: Precision) -> Bounded {
    let near_the_end = value.is_finite() && value.abs() + bound >= precision.largest;
    let bound = bound + value.abs() * precision.relative + precision.smallest;
    Bounded { value, bound: if near_the_end || bound.is_nan() { f64::INFINITY } else { bound } }
}

/// The largest distance of `f` at the ends of an interval from its middle; exact for monotone functions.
fn spread(value: f64, ends: &[f64]) -> f64 {
    let distance = |&end: &f64| if end == value || (end.is_nan() && value.is_nan()) { 0.0 } else { (end - value).abs() };
    ends.iter().map(distance).fold(0.0, |a, b| if b.is_nan() { f64::INFINITY } else { a.max(b) })
}

fn unary(name: &str, a: Bounded, precision: Precision) -> Bounded {
    if a.bound.is_infinite() {
        return Bounded { value: 0.0, bound: f64::INFINITY };
    }
    let function = |x: f64| match name {
        "abs" => x.abs(),
        "sign" if x == 0.0 => 0.0,
        "sign" => x.signum(),
        "floor" => x.floor(),
        "ceil" => x.ceil(),
        "round" => x.round_ties_even(),
        "trunc" => x.trunc(),
        "sqrt" => x.sqrt(),
        "exp" => x.exp(),
        "expm1" => x.exp_m1(),
        "log" => x.ln(),
        "log1p" => x.ln_1p(),
        "sin" => x.sin(),
        "cos" => x.cos(),
        "tan" => x.tan(),
        "tanh" => x.tanh(),
        "sigmoid" => 1.0 / (1.0 + (-x).exp()),
        "softplus" if x > 700.0 => x,
        "softplus" => x.exp().ln_1p(),
        "relu" if x <= 0.0 => 0.0,
        "relu" => x,
        "square" => x * x,
        "isnan" => f64::from(u8::from(x.is_nan())),
        other => unreachable!("no function {other}"),
    };
    let value = function(a.value);
    let steep = match name {
        // Not monotone: the slope is at most 1, or, for the tangent, anything.
        "sin" | "cos" => a.bound,
        "tan" if a.bound > 1e-3 || a.value.abs() > 1e6 => f64::INFINITY,
        _ => spread(value, &[function(a.value - a.bound), function(a.value + a.bound)]),
    };
    let steep = if name == "square" || name == "abs" { steep.max(a.bound * a.bound) } else { steep };
    let exact = matches!(name, "abs" | "sign" | "floor" | "ceil" | "round" | "trunc" | "relu" | "isnan");
    if exact { Bounded { value, bound: steep } } else { rounded(value, steep, precision) }
}

fn binary(name: &str, a: Bounded, b: Bounded, precision: Precision) -> Bounded {
    if a.bound.is_infinite() || b.bound.is_infinite() {
        return Bounded { value: 0.0, bound: f64::INFINITY };
    }
    let (x, y) = (a.value, b.value);
    let gap = Bounded { value: x - y, bound: a.bound + b.bound };
    let unsure = straddles(gap, 0.0) && !x.is_nan() && !y.is_nan();
    let function = |x: f64, y: f64| match name {
        "+" => x + y,
        "-" => x - y,
        "*" => x * y,
        "/" => x / y,
        "min" | "max" if x.is_nan() || y.is_nan() => f64::NAN,
        "min" => x.min(y),
        "max" => x.max(y),
        "^" | "pow" => x.powf(y),
        other => unreachable!("no operator {other}"),
    };
    match name {
        "<" => return truth(x < y, unsure),
        "<=" => return truth(x <= y, unsure),
        ">" => return truth(x > y, unsure),
        ">=" => return truth(x >= y, unsure),
        "==" => return truth(x == y, unsure),
        "!=" => return truth(x != y, unsure),
        "and" => return truth(x != 0.0 && y != 0.0, straddles(a, 0.0) || straddles(b, 0.0)),
        "or" => return truth(x != 0.0 || y != 0.0, straddles(a, 0.0) || straddles(b, 0.0)),
        _ => {}
    }
    let value = function(x, y);
    let ends = [x - a.bound, x + a.bound].map(|x| [function(x, y - b.bound), function(x, y + b.bound)]).concat();
    // Through a pole, the ends of an interval say nothing.
    let pole = name == "/" && straddles(b, 0.0)
        || matches!(name, "^" | "pow") && (a.bound > 0.0 && straddles(a, 0.0) || x == 0.0 || x.is_infinite());
    let bound = if pole { f64::INFINITY } else { spread(value, &ends) };
    match name {
        "min" | "max" => Bounded { value, bound },
        // Eight multiplications, or the platform's function with the type's own numbers.
        "^" | "pow" => rounded(value, bound + 8.0 * value.abs() * precision.relative, precision),
        _ => rounded(value, bound, precision),
    }
}
