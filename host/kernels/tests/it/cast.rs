//! Casts of every dtype into every dtype, against a twin written from the interface's words.

use algohost_kernels::{DType, Element, Tensor, with_element};

use crate::make::{LAYOUTS, context, tensor, values};

const INTERESTING: [f64; 27] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    -1.9,
    2.5,
    127.0,
    128.0,
    -129.0,
    255.0,
    256.0,
    300.7,
    65_504.0,
    70_000.0,
    -70_000.0,
    2_147_483_648.0,
    -2_147_483_649.0,
    1e10,
    9.3e18,
    -9.3e18,
    1e20,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

/// Least and greatest value of an integer dtype.
fn limits(dtype: DType) -> Option<(i128, i128)> {
    Some(match dtype {
        DType::Int8 => (-128, 127),
        DType::Int16 => (-32_768, 32_767),
        DType::Int32 => (-2_147_483_648, 2_147_483_647),
        DType::Int64 => (-9_223_372_036_854_775_808, 9_223_372_036_854_775_807),
        DType::UInt8 => (0, 255),
        DType::UInt16 => (0, 65_535),
        DType::UInt32 => (0, 4_294_967_295),
        DType::UInt64 => (0, 18_446_744_073_709_551_615),
        _ => return None,
    })
}

/// "Floats become integers by truncation towards zero, saturating; NaN becomes 0; anything that is not 0 becomes true."
fn twin(value: f64, to: DType) -> f64 {
    if to == DType::Boolean {
        return if value == 0.0 { 0.0 } else { 1.0 };
    }
    if let Some((least, greatest)) = limits(to) {
        return if value.is_nan() { 0.0 } else { (value.trunc() as i128).clamp(least, greatest) as f64 };
    }
    match to {
        DType::Float32 => f64::from(value as f32),
        DType::Float16 => nearest(value, 11, (-14, 15)),
        DType::BFloat16 => nearest(value, 8, (-126, 127)),
        _ => value,
    }
}

/// The nearest number of so many significant bits and these exponents of the leading one, ties to even, by arithmetic that is exact in
/// float64.
fn nearest(value: f64, bits: i32, (least, largest): (i32, i32)) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let exponent = ((value.to_bits() >> 52 & 0x7FF) as i32 - 1023).max(least);
    let unit = 2.0_f64.powi(exponent - bits + 1);
    let rounded = (value / unit).round_ties_even() * unit;
    if rounded.abs() >= 2.0_f64.powi(largest) * 2.0 { f64::INFINITY.copysign(value) } else { rounded }
}

#[test]
fn short_floats_are_rounded_once() {
    let context = context();
    // Just above, at and just below the middle between two neighbours, subnormal ones and those around the largest too.
    let middles = |bits: i32, least: i32, largest: i32| {
        [(0, 0), (0, 1), (1, 6), (-1, 5), (least, 0), (least, 1), (largest, 0), (largest, (1 << (bits - 1)) - 1)]
            .map(|(exponent, step)| 2.0_f64.powi(exponent) * (1.0 + (f64::from(step) + 0.5) * 2.0_f64.powi(1 - bits)))
            .into_iter()
            .chain([0.5, 1.5, 2.5].map(|steps| steps * 2.0_f64.powi(least - bits + 1)))
    };
    for (dtype, bits, least, largest) in [(DType::Float16, 11, -14, 15), (DType::BFloat16, 8, -126, 127)] {
        let mut given = Vec::new();
        for middle in middles(bits, least, largest) {
            for nudge in [0.0, f64::EPSILON, 2.0_f64.powi(-23), 2.0_f64.powi(-40)] {
                given.extend([middle, middle * (1.0 + nudge), middle * (1.0 - nudge), -middle * (1.0 + nudge), -middle * (1.0 - nudge)]);
            }
        }
        let cast = tensor(&context, &[given.len()], DType::Float64, &given, LAYOUTS[0]).cast(&context, dtype).unwrap();
        for (&found, &given) in values(&cast).iter().zip(&given) {
            assert_eq!(found, twin(given, dtype), "{given:e} to {dtype}");
        }
    }
    let just_above = Tensor::from_bytes(&context, &[1], DType::Float32, &0x3F80_8001_u32.to_le_bytes()).unwrap();
    assert_eq!(just_above.cast(&context, DType::BFloat16).unwrap().read_rows(&context, 0, 1).unwrap(), 0x3F81_u16.to_le_bytes());
}

#[test]
fn wide_integers_become_short_floats_in_one_rounding() {
    let context = context();
    let middle = (1_i64 << 60) + (1 << 36);
    let given: Vec<i64> = [middle, i64::MAX, (1 << 54) + 2, (1 << 53) + 1, (1 << 24) + 1]
        .into_iter()
        .flat_map(|whole| [whole - 1, whole, whole.saturating_add(1)])
        .flat_map(|whole| [whole, -whole])
        .collect();
    let source = Tensor::from_bytes(&context, &[given.len()], DType::Int64, bytemuck::cast_slice(&given)).unwrap();
    let single: Vec<f64> = given.iter().map(|&whole| f64::from(whole as f32)).collect();
    assert_eq!(values(&source.cast(&context, DType::Float32).unwrap()), single);
    let double: Vec<f64> = given.iter().map(|&whole| whole as f64).collect();
    assert_eq!(values(&source.cast(&context, DType::Float64).unwrap()), double);
    let unsigned = [u64::MAX, (1 << 63) + (1 << 39) + 1, (1 << 63) + (1 << 39), (1 << 63) + (1 << 55) + 1];
    let source = Tensor::from_bytes(&context, &[4], DType::UInt64, bytemuck::cast_slice(&unsigned)).unwrap();
    assert_eq!(values(&source.cast(&context, DType::Float32).unwrap()), unsigned.map(|whole| f64::from(whole as f32)));
    let step = 2.0_f64.powi(56);
    let wanted = [2.0_f64.powi(64), 2.0_f64.powi(63), 2.0_f64.powi(63), 2.0_f64.powi(63) + step];
    assert_eq!(values(&source.cast(&context, DType::BFloat16).unwrap()), wanted);
}

#[test]
fn every_dtype_casts_into_every_dtype() {
    let context = context();
    for from in DType::ALL {
        for layout in LAYOUTS {
            let source = tensor(&context, &[3, 9], from, &INTERESTING.map(|value| twin(value, from)), layout);
            let stored = values(&source);
            for to in DType::ALL {
                let given = source.cast(&context, to).unwrap();
                assert_eq!((given.dtype(), given.shape()), (to, source.shape()));
                for (given, &stored) in values(&given).iter().zip(&stored) {
                    let wanted = twin(stored, to);
                    assert!(*given == wanted || given.is_nan() && wanted.is_nan(), "{stored} of {from} to {to}: {given}, not {wanted}");
                }
            }
        }
    }
}

#[test]
fn wide_integers_stay_exact_between_integer_dtypes() {
    let context = context();
    let odd = 9_007_199_254_740_993_i64;
    let source = Tensor::from_bytes(&context, &[2], DType::Int64, bytemuck::cast_slice(&[odd, -odd])).unwrap();
    let cast = source.cast(&context, DType::UInt64).unwrap().read_rows(&context, 0, 2).unwrap();
    assert_eq!(cast.chunks_exact(8).map(bytemuck::pod_read_unaligned::<u64>).collect::<Vec<_>>(), [odd as u64, 0]);
    let cast = source.cast(&context, DType::Int64).unwrap().read_rows(&context, 0, 2).unwrap();
    assert_eq!(cast.chunks_exact(8).map(bytemuck::pod_read_unaligned::<i64>).collect::<Vec<_>>(), [odd, -odd]);
}

#[test]
fn booleans_are_stored_as_0_and_1_however_they_come_in() {
    let context = context();
    let from_bytes = Tensor::from_bytes(&context, &[4], DType::Boolean, &[0, 1, 2, 255]).unwrap();
    assert_eq!(from_bytes.read_rows(&context, 0, 4).unwrap(), [0, 1, 1, 1]);
    let filled = Tensor::full(&context, &[2], DType::Boolean, 0.25).unwrap();
    assert_eq!(filled.read_rows(&context, 0, 2).unwrap(), [1, 1]);
    filled.write_rows(&context, 1, &[128]).unwrap();
    assert_eq!(filled.read_rows(&context, 0, 2).unwrap(), [1, 1]);
    let view = Tensor::zeros(&context, &[2, 2], DType::Boolean).unwrap().transpose();
    view.write_rows(&context, 0, &[0, 3, 9, 0]).unwrap();
    assert_eq!(view.read_rows(&context, 0, 2).unwrap(), [0, 1, 1, 0]);
}

#[test]
fn fill_converts_like_cast() {
    let context = context();
    for to in DType::ALL {
        for value in INTERESTING {
            let given = values(&Tensor::full(&context, &[1], to, value).unwrap())[0];
            let wanted = twin(value, to);
            assert!(given == wanted || given.is_nan() && wanted.is_nan(), "{value} to {to}: {given}, not {wanted}");
        }
    }
}

#[test]
fn an_element_of_every_dtype_is_read_as_a_number() {
    let context = context();
    for dtype in DType::ALL {
        let one = tensor(&context, &[1, 1], dtype, &[1.0], LAYOUTS[2]);
        assert_eq!(one.item().unwrap(), 1.0);
        assert_eq!(with_element!(dtype, T => <T as Element>::from_i128(1).to_i128()), 1);
    }
}
