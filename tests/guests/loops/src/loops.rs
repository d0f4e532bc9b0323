//! Loops as a guest's author writes them: plain Rust, vectorised by the compiler. The benchmark compiles this file natively as well.

use std::hint::black_box;

/// Elements of an array; all arrays of a loop fit the smallest cache.
pub(crate) const ELEMENTS: usize = 4096;
/// Elements of one step. The host can stop a guest at every turn of a loop, and a look at whether it wants to costs as much as two or three
/// vectors: so steps are long, and the compiler unrolls what is within.
const STEP: usize = 64;
/// Half of it: longer steps with sums in them are not vectorised at all.
const HALF: usize = STEP / 2;
/// Elements of a vector.
const LANES: usize = 4;
/// Sums side by side: one alone would wait for each addition.
const SUMS: usize = 4;
/// Elements that the second array begins with and nobody looks at.
const APART: usize = 128;

/// Arrays that the loops run over.
pub(crate) struct Arrays {
    x: Vec<f32>,
    y: Vec<f32>,
    bytes: Vec<u8>,
}

impl Arrays {
    pub(crate) fn new() -> Arrays {
        let noise = |i: usize| (i as u32).wrapping_mul(0x9E37_79B9) >> 8;
        let number = |i: usize| noise(i) as f32 / (1 << 23) as f32 - 1.0;
        Arrays {
            x: (0..ELEMENTS).map(number).collect(),
            // Arrays that lie a multiple of 4 KiB apart are in each other's way.
            y: (0..ELEMENTS + APART).map(|i| number(i + ELEMENTS)).collect(),
            bytes: (0..ELEMENTS).map(|i| noise(i) as u8).collect(),
        }
    }

    /// One run of the loop of this name over the elements, and a number that depends on all of them.
    pub(crate) fn run(&mut self, what: &str) -> Option<f32> {
        let Arrays { x, y, bytes } = black_box(self);
        let y = &mut y[APART..];
        Some(match what {
            "dot" => dot(x, y),
            "axpy" => axpy(y, black_box(1e-9), x),
            "sigmoid" => sigmoid(y, x),
            "histogram" => histogram(bytes),
            _ => return None,
        })
    }
}

/// Vectors of four are written out: left to itself, the compiler reads all of a step before it multiplies, and runs out of registers.
fn dot(x: &[f32], y: &[f32]) -> f32 {
    let mut sums = [[0.0; LANES]; SUMS];
    for (x, y) in x.as_chunks::<HALF>().0.iter().zip(y.as_chunks::<HALF>().0) {
        for (at, (x, y)) in x.as_chunks::<LANES>().0.iter().zip(y.as_chunks::<LANES>().0).enumerate() {
            let sum: &mut [f32; LANES] = &mut sums[at % SUMS];
            *sum = std::array::from_fn(|lane| sum[lane] + x[lane] * y[lane]);
        }
    }
    sums.iter().flatten().sum()
}

fn axpy(y: &mut [f32], a: f32, x: &[f32]) -> f32 {
    for (y, x) in y.as_chunks_mut::<STEP>().0.iter_mut().zip(x.as_chunks::<STEP>().0) {
        for i in 0..STEP {
            y[i] += a * x[i];
        }
    }
    y[0]
}

/// By a rational function that is within 0.02 of it.
fn sigmoid(y: &mut [f32], x: &[f32]) -> f32 {
    for (y, x) in y.as_chunks_mut::<STEP>().0.iter_mut().zip(x.as_chunks::<STEP>().0) {
        for i in 0..STEP {
            let square = x[i] * x[i];
            y[i] = 0.5 + x[i] * (27.0 + square) / (108.0 + 36.0 * square);
        }
    }
    y[0]
}

/// Four tables, so that equal neighbours do not wait for each other.
fn histogram(bytes: &[u8]) -> f32 {
    let mut counts = [[0u32; 256]; 4];
    for bytes in bytes.as_chunks::<STEP>().0 {
        for bytes in bytes.as_chunks::<4>().0 {
            for (counts, byte) in counts.iter_mut().zip(bytes) {
                counts[usize::from(*byte)] += 1;
            }
        }
    }
    black_box(&counts).iter().map(|counts| counts[7]).sum::<u32>() as f32
}
