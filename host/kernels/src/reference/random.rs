//! Numbers that look random.

use crate::random::philox;

/// The words of block `block` of one stream.
fn words(block: usize, seed: u32, stream: u32, kind: u32) -> [u64; 4] {
    philox([block as u32, (block as u64 >> 32) as u32, stream, kind], [seed, 0]).map(u64::from)
}

fn upper_53_bits(high: u64, low: u64) -> f64 {
    ((high << 32 | low) >> 11) as f64
}

/// Element `i` of the uniform float32 numbers.
pub fn uniform_float32(i: usize, seed: u32, stream: u32) -> f64 {
    (words(i / 4, seed, stream, 0)[i % 4] >> 8) as f64 / 2_f64.powi(24)
}

/// Element `i` of the uniform float64 numbers.
pub fn uniform_float64(i: usize, seed: u32, stream: u32) -> f64 {
    unit(i, seed, stream, 1)
}

fn unit(i: usize, seed: u32, stream: u32, kind: u32) -> f64 {
    let words = words(i / 2, seed, stream, kind);
    upper_53_bits(words[2 * (i % 2)], words[2 * (i % 2) + 1]) / 2_f64.powi(53)
}

/// Element `i` of the normal float32 numbers, before rounding to float32.
pub fn normal_float32(i: usize, seed: u32, stream: u32) -> f64 {
    let words = words(i / 4, seed, stream, 2);
    let pair = i % 4 / 2;
    box_muller((words[2 * pair] as f64 + 1.0) / 2_f64.powi(32), words[2 * pair + 1] as f64 / 2_f64.powi(32), i % 2)
}

/// Element `i` of the normal float64 numbers.
pub fn normal_float64(i: usize, seed: u32, stream: u32) -> f64 {
    let words = words(i / 2, seed, stream, 3);
    let radius = (upper_53_bits(words[0], words[1]) + 1.0) / 2_f64.powi(53);
    box_muller(radius, upper_53_bits(words[2], words[3]) / 2_f64.powi(53), i % 2)
}

fn box_muller(radius: f64, turn: f64, which: usize) -> f64 {
    let angle = turn * std::f64::consts::TAU;
    (-2.0 * radius.ln()).sqrt() * if which == 0 { angle.cos() } else { angle.sin() }
}

/// 0 to `count` - 1 in random order.
pub fn permutation(count: usize, seed: u32, stream: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for i in (1..count).rev() {
        let bound = i as u128 + 1;
        let mut attempt = 0;
        let place = loop {
            let words = philox([(i / 2) as u32, attempt, stream, 4], [seed, 0]).map(u128::from);
            let product = (words[2 * (i % 2)] << 32 | words[2 * (i % 2) + 1]) * bound;
            if product % (1 << 64) >= (1 << 64) % bound {
                break (product >> 64) as usize;
            }
            attempt += 1;
        };
        order.swap(i, place);
    }
    order
}

/// Draw `i` of the positions by weight.
pub fn choice(weights: &[f64], i: usize, seed: u32, stream: u32) -> usize {
    let total: f64 = weights.iter().sum();
    let threshold = unit(i, seed, stream, 5) * total;
    let mut sum = 0.0;
    weights
        .iter()
        .take_while(|&weight| {
            sum += weight;
            sum <= threshold
        })
        .count()
}
