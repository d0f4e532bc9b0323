//! Random numbers: published vectors, the plain twins, and what a distribution must satisfy.

use algohost_kernels::{DType, Tensor, choice, normal, permutation, philox, reference, uniform};

use crate::make::{LAYOUTS, Layout, context, tensor, values};

/// Seeds and streams whose bits differ everywhere.
const STREAMS: [(u32, u32); 3] = [(0, 0), (7, 3), (u32::MAX, 0x8000_0001)];

#[test]
fn philox_gives_the_published_vectors() {
    // The known answers of the Random123 distribution.
    assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    assert_eq!(
        philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
    );
}

#[test]
fn uniform_numbers_are_those_of_the_twin_bit_by_bit() {
    let context = context();
    for (seed, stream) in STREAMS {
        for count in [0, 1, 3, 4, 63, 64, 65, 131_077] {
            let given = values(&uniform(&context, &[count], DType::Float32, seed, stream).unwrap());
            assert!(given.iter().enumerate().all(|(i, &value)| value == reference::uniform_float32(i, seed, stream)));
            let given = values(&uniform(&context, &[count], DType::Float64, seed, stream).unwrap());
            assert!(given.iter().enumerate().all(|(i, &value)| value == reference::uniform_float64(i, seed, stream)));
        }
    }
}

#[test]
fn normal_numbers_are_those_of_the_twin_but_for_the_last_digits() {
    let context = context();
    for (seed, stream) in STREAMS {
        for count in [1, 2, 5, 64, 131_077] {
            let given = values(&normal(&context, &[count], DType::Float32, seed, stream).unwrap());
            let worst = |given: &[f64], wanted: &dyn Fn(usize) -> f64| {
                given.iter().enumerate().map(|(i, value)| (value - wanted(i)).abs() / wanted(i).abs().max(1.0)).fold(0.0, f64::max)
            };
            assert!(worst(&given, &|i| reference::normal_float32(i, seed, stream)) < 6.1e-8);
            let given = values(&normal(&context, &[count], DType::Float64, seed, stream).unwrap());
            assert!(worst(&given, &|i| reference::normal_float64(i, seed, stream)) < 1e-14);
        }
    }
}

/// The bits are a promise to guests: the same on every machine and in every version.
#[test]
fn normal_numbers_have_the_promised_bits() {
    let context = context();
    let single = normal(&context, &[4], DType::Float32, 42, 1).unwrap().read_rows(&context, 0, 4).unwrap();
    let double = normal(&context, &[2], DType::Float64, 42, 1).unwrap().read_rows(&context, 0, 2).unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!((hex(&single).as_str(), hex(&double).as_str()), ("9797803ece0b3ebeaabd0440c6d8c8bf", "8125270842bfda3feeb63a740a8cd63f"));
}

#[test]
fn a_shape_changes_nothing_but_the_shape() {
    let context = context();
    let flat = values(&normal(&context, &[60], DType::Float32, 1, 2).unwrap());
    assert_eq!(values(&normal(&context, &[3, 4, 5], DType::Float32, 1, 2).unwrap()), flat);
    assert_eq!(values(&normal(&context, &[], DType::Float32, 1, 2).unwrap()), flat[..1]);
}

#[test]
fn moments_are_those_of_the_distributions() {
    let context = context();
    let moments = |tensor: &Tensor| {
        let values = values(tensor);
        let mean = |power: i32| values.iter().map(|value| value.powi(power)).sum::<f64>() / values.len() as f64;
        [mean(1), mean(2), mean(3), mean(4)]
    };
    for dtype in [DType::Float32, DType::Float64] {
        let given = moments(&uniform(&context, &[400_000], dtype, 5, 0).unwrap());
        let close = given.iter().zip([1.0 / 2.0, 1.0 / 3.0, 1.0 / 4.0, 1.0 / 5.0]).all(|(given, wanted)| (given - wanted).abs() < 0.003);
        assert!(close, "{given:?}");
        let given = moments(&normal(&context, &[400_000], dtype, 5, 0).unwrap());
        let close = given.iter().zip([0.0, 1.0, 0.0, 3.0]).all(|(given, wanted)| (given - wanted).abs() < 0.06);
        assert!(close, "{given:?}");
    }
}

#[test]
fn uniform_numbers_stay_below_1() {
    let context = context();
    for dtype in [DType::Float32, DType::Float64] {
        let given = values(&uniform(&context, &[1_000_000], dtype, 1, 1).unwrap());
        assert!(given.iter().all(|value| (0.0..1.0).contains(value)));
    }
}

#[test]
fn permutations_are_those_of_the_twin() {
    let context = context();
    for (seed, stream) in STREAMS {
        for count in [0, 1, 2, 31, 32, 33, 1000, 70_000] {
            let given = values(&permutation(&context, count, seed, stream).unwrap());
            let wanted: Vec<f64> = reference::permutation(count, seed, stream).iter().map(|&at| at as f64).collect();
            assert_eq!(given, wanted);
            let mut sorted = given;
            sorted.sort_by(f64::total_cmp);
            assert!(sorted.iter().enumerate().all(|(i, &value)| value == i as f64));
        }
    }
}

#[test]
fn every_order_of_three_is_about_as_frequent() {
    let context = context();
    let mut seen = std::collections::BTreeMap::new();
    for seed in 0..6000 {
        let order = permutation(&context, 3, seed, 0).unwrap().read_rows(&context, 0, 3).unwrap();
        *seen.entry(order).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 6);
    assert!(seen.values().all(|count| (850..1150).contains(count)), "{seen:?}");
}

#[test]
fn choices_are_those_of_the_twin() {
    let context = context();
    let weights = [0.0, 1.0, 0.0, 0.5, 3.0, 0.0, 0.0, 1e-3, 0.0];
    for (seed, stream) in STREAMS {
        for layout in LAYOUTS {
            let tensor = tensor(&context, &[9], DType::Float64, &weights, layout);
            let given = values(&choice(&context, &tensor, 70_001, seed, stream).unwrap());
            assert!(given.iter().enumerate().all(|(i, &at)| at == reference::choice(&weights, i, seed, stream) as f64));
        }
    }
}

#[test]
fn frequencies_follow_weights_and_weight_0_is_never_drawn() {
    let context = context();
    let weights = tensor(&context, &[5], DType::Float32, &[0.0, 1.0, 0.0, 3.0, 0.0], Layout::RowMajor);
    let given = values(&choice(&context, &weights, 100_000, 9, 0).unwrap());
    let share = |position: f64| given.iter().filter(|&&value| value == position).count() as f64 / 1e5;
    assert!((share(1.0) - 0.25).abs() < 0.01 && (share(3.0) - 0.75).abs() < 0.01);
    assert_eq!(share(1.0) + share(3.0), 1.0);
    assert_eq!(choice(&context, &weights, 0, 9, 0).unwrap().shape()[..], [0]);
}
