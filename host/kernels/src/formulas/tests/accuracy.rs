//! The elementary functions against the standard library's, in units in the last place, and at the ends of the real line.

use super::super::elementary::{exp, expm1, log, log1p, sigmoid, softplus, tanh};
use super::super::real::Real;

/// Points from one end of the type's range to the other, with every magnitude and both signs.
fn points<T: Real>(from_bits: impl Fn(u64) -> T, bits: u64) -> Vec<T> {
    // Steps that share no factor with a power of two meet every exponent with many mantissas.
    let step = ((1 << (bits - 1)) / 400_000) | 1;
    (0..400_000).flat_map(|i| [from_bits(i * step), -from_bits(i * step)]).filter(|x| x.to_f64().is_finite()).collect()
}

/// The largest distance from `exact` in units in the last place of `T`; what is denormal counts in the smallest such unit.
fn worst<T: Real>(points: &[T], epsilon: f64, smallest: f64, function: impl Fn(T) -> T, exact: impl Fn(f64) -> f64) -> (f64, f64) {
    let mut worst = (0.0, 0.0);
    for &x in points {
        let (got, wanted) = (function(x).to_f64(), exact(x.to_f64()));
        let rounded = T::from_f64(wanted).to_f64();
        let ulps = if got == rounded || (got.is_nan() && wanted.is_nan()) {
            0.0
        } else {
            (got - wanted).abs() / (wanted.abs() * epsilon).max(smallest)
        };
        assert!(!ulps.is_nan(), "at {:e}: {got:e}, not {wanted:e}", x.to_f64());
        if ulps > worst.0 {
            worst = (ulps, x.to_f64());
        }
    }
    worst
}

fn exact_sigmoid(x: f64) -> f64 {
    if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
}

fn exact_softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn check<T: Real>(points: &[T], epsilon: f64, smallest: f64, limits: [f64; 7]) {
    let found = [
        ("exp", worst(points, epsilon, smallest, exp, f64::exp)),
        ("expm1", worst(points, epsilon, smallest, expm1, f64::exp_m1)),
        ("log", worst(points, epsilon, smallest, log, f64::ln)),
        ("log1p", worst(points, epsilon, smallest, log1p, f64::ln_1p)),
        ("tanh", worst(points, epsilon, smallest, tanh, f64::tanh)),
        ("sigmoid", worst(points, epsilon, smallest, sigmoid, exact_sigmoid)),
        ("softplus", worst(points, epsilon, smallest, softplus, exact_softplus)),
    ];
    for ((name, (ulps, x)), limit) in found.into_iter().zip(limits) {
        assert!(ulps <= limit, "{name} is {ulps:.2} units in the last place off at {x:e}, more than {limit}");
    }
}

#[test]
fn float32_functions_are_within_a_few_units_in_the_last_place() {
    let mut points = points(|bits| f32::from_bits(bits as u32), 32);
    points.extend((-500_000..500_000).map(|i| i as f32 * 2.3e-4));
    check(&points, f64::from(f32::EPSILON), f64::from(f32::from_bits(1)), [1.0, 1.5, 1.0, 1.5, 2.0, 2.0, 2.0]);
}

#[test]
fn float64_functions_are_within_a_few_units_in_the_last_place() {
    let mut points = points(f64::from_bits, 64);
    points.extend((-500_000..500_000).map(|i| f64::from(i) * 1.6e-3));
    check(&points, f64::EPSILON, f64::from_bits(1), [1.5, 2.0, 1.5, 2.0, 3.0, 2.0, 3.0]);
}

/// Numbers within the range of the trigonometric arithmetic, those nearest to multiples of π/2 among them.
fn angles<T: Real>(points: &[T]) -> Vec<T> {
    let mut angles: Vec<T> = points.iter().copied().filter(|x| !x.is_far()).collect();
    angles.extend((-600_000..600_000).step_by(7).map(|k| T::from_f64(f64::from(k) * std::f64::consts::FRAC_PI_2)));
    angles.extend((-200_000..200_000).map(|i| T::from_f64(f64::from(i) * 4.99)));
    angles
}

fn check_angles<T: Real>(points: &[T], epsilon: f64, smallest: f64) {
    let angles = angles(points);
    let found = [
        ("sin", worst(&angles, epsilon, smallest, <T as Real>::sin, f64::sin), 1.5),
        ("cos", worst(&angles, epsilon, smallest, <T as Real>::cos, f64::cos), 1.5),
        ("tan", worst(&angles, epsilon, smallest, <T as Real>::tan, f64::tan), 3.0),
    ];
    for (name, (ulps, x), limit) in found {
        assert!(ulps <= limit, "{name} is {ulps:.2} units in the last place off at {x:e}, more than {limit}");
    }
}

#[test]
fn trigonometric_functions_are_within_a_few_units_in_the_last_place() {
    check_angles(&points(|bits| f32::from_bits(bits as u32), 32), f64::from(f32::EPSILON), f64::from(f32::from_bits(1)));
    check_angles(&points(f64::from_bits, 64), f64::EPSILON, f64::from_bits(1));
}

/// A block holds near and far numbers; each gets what it gets alone.
#[test]
fn numbers_beyond_a_million_go_to_the_standard_library() {
    let context = super::context();
    let x: Vec<f64> = (0..2000).map(|i| f64::from(i) * if i % 3 == 0 { 1e4 } else { 0.25 }).collect();
    for (name, exact) in [("sin", f64::sin as fn(f64) -> f64), ("cos", f64::cos), ("tan", f64::tan)] {
        let formula = crate::Formula::compile("x", &format!("{name}(x)")).expect("a formula");
        for dtype in [crate::DType::Float32, crate::DType::Float64] {
            let x = super::tensor(&context, &[2000], dtype, &x);
            let given = super::values(&formula.apply(&context, &[&x]).expect("values"));
            for (given, x) in given.iter().zip(super::values(&x)) {
                let wanted = exact(x);
                assert!((given - wanted).abs() <= 3e-7 * wanted.abs(), "{name}({x}) of {dtype} is {given}, not {wanted}");
            }
        }
    }
}

#[test]
fn powers_of_float32_are_rounded_once_and_have_the_special_values_of_c() {
    let bases = points(|bits| f32::from_bits(bits as u32), 32);
    for (i, &x) in bases.iter().enumerate() {
        let y = if i % 2 == 0 { (i % 41) as f32 - 20.0 } else { ((i % 1999) as f32 - 1000.0) / 37.0 };
        let (given, wanted) = (x.power(y), f64::from(x).powf(f64::from(y)) as f32);
        let near = (f64::from(given) - f64::from(wanted)).abs() <= f64::from(f32::EPSILON) * f64::from(wanted.abs()).max(1e-38);
        assert!(given == wanted || near || (given.is_nan() && wanted.is_nan()), "{x:e} ^ {y} is {given:e}, not {wanted:e}");
    }
    let ends =
        [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 0.25, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1e30, -1e30, 1e-30];
    for x in ends {
        for y in ends {
            let (given, wanted) = (x.power(y), x.powf(y));
            let same = given.to_bits() == wanted.to_bits() || (given.is_nan() && wanted.is_nan());
            assert!(same, "{x:e} ^ {y:e} is {given:e}, not {wanted:e}");
        }
    }
}

/// (function, argument, value), where rounding plays no part.
const ENDS: [(&str, f64, f64); 34] = [
    ("exp", f64::INFINITY, f64::INFINITY),
    ("exp", f64::NEG_INFINITY, 0.0),
    ("exp", 1e30, f64::INFINITY),
    ("exp", -1e30, 0.0),
    ("exp", 0.0, 1.0),
    ("expm1", f64::INFINITY, f64::INFINITY),
    ("expm1", f64::NEG_INFINITY, -1.0),
    ("expm1", -1e30, -1.0),
    ("expm1", 0.0, 0.0),
    ("log", f64::INFINITY, f64::INFINITY),
    ("log", 0.0, f64::NEG_INFINITY),
    ("log", -0.0, f64::NEG_INFINITY),
    ("log", -1.0, f64::NAN),
    ("log", f64::NEG_INFINITY, f64::NAN),
    ("log", 1.0, 0.0),
    ("log1p", f64::INFINITY, f64::INFINITY),
    ("log1p", -1.0, f64::NEG_INFINITY),
    ("log1p", -1.5, f64::NAN),
    ("log1p", 0.0, 0.0),
    ("tanh", f64::INFINITY, 1.0),
    ("tanh", f64::NEG_INFINITY, -1.0),
    ("tanh", 0.0, 0.0),
    ("sigmoid", f64::INFINITY, 1.0),
    ("sigmoid", f64::NEG_INFINITY, 0.0),
    ("sigmoid", 0.0, 0.5),
    ("softplus", f64::INFINITY, f64::INFINITY),
    ("softplus", f64::NEG_INFINITY, 0.0),
    ("softplus", 1e30, 1e30),
    ("relu", -3.0, 0.0),
    ("sign", 0.0, 0.0),
    ("sign", f64::NEG_INFINITY, -1.0),
    ("round", 2.5, 2.0),
    ("round", -3.5, -4.0),
    ("isnan", f64::INFINITY, 0.0),
];

#[test]
fn functions_are_right_at_the_ends_of_the_real_line_and_keep_nan() {
    let context = super::context();
    for dtype in [crate::DType::Float32, crate::DType::Float64] {
        let of = |name: &str, x: f64| {
            let formula = crate::Formula::compile("x", &format!("{name}(x)")).expect("a formula");
            let several = super::values(&formula.apply(&context, &[&super::tensor(&context, &[3], dtype, &[x; 3])]).expect("values"));
            let one = super::values(&formula.apply(&context, &[&super::tensor(&context, &[1], dtype, &[x])]).expect("a value"));
            assert_eq!(several[1].to_bits(), one[0].to_bits(), "{name}({x}) alone and among others");
            one[0]
        };
        for (name, x, wanted) in ENDS {
            let wanted = if dtype == crate::DType::Float32 { f64::from(wanted as f32) } else { wanted };
            let got = of(name, x);
            assert!(got == wanted || (got.is_nan() && wanted.is_nan()), "{name}({x}) of {dtype} is {got}, not {wanted}");
        }
        for name in "abs sign floor ceil round trunc sqrt exp expm1 log log1p sin cos tan tanh sigmoid softplus relu square".split(' ') {
            assert!(of(name, f64::NAN).is_nan(), "{name}(nan) of {dtype}");
        }
        assert_eq!(of("isnan", f64::NAN), 1.0);
    }
}
