//! What a call from a guest into the host costs, seen from the guest.

use std::hint::black_box;
use std::time::Instant;

use algohost_kernels::{Budget, Cancel, Context, DType, Pool, Tensor, Transposed, matmul_into};

use serde_json::json;

use crate::figures::median;
use crate::timed_guest::TimedGuest;

const ROUNDS: usize = 9;

pub(crate) fn run() {
    let calls = TimedGuest::new("calls", 0);
    let measure = |what: &str, count: u32| calls.nanoseconds(&json!({"what": what, "count": count.to_string()}));
    let (mut nop, mut kernel, mut native, mut overhead, mut read, mut write) = (vec![], vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        nop.push(measure("nop", 3_000_000));
        kernel.push(measure("kernel", 1_000_000));
        native.push(native_kernel(1_000_000));
        overhead.push((kernel[kernel.len() - 1] - native[native.len() - 1]) / nop[nop.len() - 1]);
        read.push(measure("read", 1_000));
        write.push(measure("write", 1_000));
    }
    let mebibyte = |ns: f64| format!("{:>9.1} GB/s", (1 << 20) as f64 / ns);
    let (nop, kernel, native, read, write) = (median(nop), median(kernel), median(native), median(read), median(write));
    println!("host calls from a guest, median of {ROUNDS} interleaved rounds");
    println!("  empty import (job.should-stop)             {nop:>9.1} ns");
    println!("  linalg.matmul-into, three 1 x 1 tensors    {kernel:>9.1} ns");
    println!("  the same kernel called natively            {native:>9.1} ns");
    println!("  overhead of the kernel call, in empty imports {:>6.2}   (reach: at most 6)", median(overhead));
    println!("  tensor.read of 1 MiB                       {:>9.1} us {}", read / 1e3, mebibyte(read));
    println!("  tensor.write of 1 MiB                      {:>9.1} us {}", write / 1e3, mebibyte(write));
    println!();
}

fn native_kernel(count: u32) -> f64 {
    let context = Context::new(Budget::new(1 << 20), Cancel::default(), Pool::new(1).unwrap());
    let one = || Tensor::full(&context, &[1, 1], DType::Float32, 1.0).unwrap();
    let (out, a, b) = (one(), one(), one());
    let start = Instant::now();
    for _ in 0..count {
        matmul_into(black_box(&context), black_box(&out), &a, &b, Transposed::Neither, 1.0, 0.0).unwrap();
    }
    start.elapsed().as_nanos() as f64 / f64::from(count)
}
