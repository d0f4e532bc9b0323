//! Calls with whatever arguments: counts of 2³² - 1 in every place, empty lists, handles whose scope ended. Each must answer or refuse; what
//! is refused leaves the host as it was.

use crate::algohost::ml::formulas::{Reduction, compile, reduce};
use crate::algohost::ml::linalg::{Transposed, matmul, matmul_into};
use crate::algohost::ml::neighbors::{Metric, nearest};
use crate::algohost::ml::random::{choice, normal, permutation};
use crate::algohost::ml::select;
use crate::algohost::ml::tensors::{Dtype, Scope, Tensor, concat, from_bytes, full, zeros};
use crate::algohost::ml::types::{Error, ErrorCode};

const CALLS: usize = 6000;
const DTYPES: [Dtype; 5] = [Dtype::Float32, Dtype::Float64, Dtype::Int32, Dtype::Uint8, Dtype::Boolean];

pub(crate) fn check() -> Result<(), Error> {
    let mut draw = Draw(42);
    let mut pool = vec![zeros(&[3, 2], Dtype::Float32)?];
    for dtype in DTYPES {
        pool.push(full(&[2, 2], dtype, 1.0)?);
        pool.push(zeros(&[4], dtype)?);
    }
    // Handles without storage: their scope is over.
    {
        let _scope = Scope::new();
        pool.push(zeros(&[2, 2], Dtype::Float32)?);
        pool.push(zeros(&[4], Dtype::Int32)?);
    }
    let lasting = pool.len();
    let (mut answered, mut refused) = (0, 0);
    for _ in 0..CALLS {
        match call(&mut draw, &pool) {
            Ok(made) => {
                answered += 1;
                pool.extend(
                    made.into_iter().filter(|tensor| tensor.shape().iter().map(|&length| u64::from(length)).product::<u64>() < 1000),
                );
            }
            Err(error) => {
                refused += 1;
                let expected = matches!(error.code, ErrorCode::BadOperation | ErrorCode::LimitExceeded | ErrorCode::NotSupported);
                let says_why = error.message.contains(": ") || error.message.starts_with("this tensor was freed");
                assert!(expected && says_why, "{error:?}");
            }
        }
        while pool.len() > lasting + 10 {
            pool.swap_remove(lasting + draw.below(pool.len() - lasting));
        }
    }
    assert!(answered > CALLS / 20 && refused > CALLS / 5, "{answered} answered, {refused} refused");
    Ok(())
}

/// One call, chosen by the draw.
fn call(draw: &mut Draw, pool: &[Tensor]) -> Result<Vec<Tensor>, Error> {
    let (a, b, c) = (draw.pick(pool), draw.pick(pool), draw.pick(pool));
    let (m, n) = (draw.count(), draw.count());
    let flag = draw.below(2) == 0;
    let dtype = *draw.pick(&DTYPES);
    let one = match draw.below(34) {
        0 => zeros(&[m, n], dtype)?,
        1 => full(&draw.counts(), dtype, f64::NAN)?,
        2 => from_bytes(&draw.counts(), dtype, &[])?,
        3 => a.slice(m, n, draw.count())?,
        4 => a.reshape(&draw.counts())?,
        5 => a.permute(&draw.counts())?,
        6 => a.transpose()?,
        7 => a.cast(dtype)?,
        8 => return a.read(m, n).map(|_| Vec::new()),
        9 => return a.write(m, &vec![0; draw.below(20)]).map(|()| Vec::new()),
        10 => return a.assign(b).map(|()| Vec::new()),
        11 => concat(&if flag { vec![a, b] } else { Vec::new() }, m)?,
        12 => select::gather(a, b)?,
        13 => select::take_along(a, b)?,
        14 => select::compress(a, b)?,
        15 => select::reverse(a, m)?,
        16 => select::one_hot(a, m, dtype)?,
        17 => return select::scatter_add(a, b, c).map(|()| Vec::new()),
        18 => select::segment_sum(a, b, m)?,
        19 => select::segment_max(a, b, m)?,
        20 => select::cumulative_sum(a, m)?,
        21 => select::argsort(a, flag)?,
        22 => return select::top_k(a, m, flag).map(|list| vec![list.values, list.indices]),
        23 => return select::unique_all(a).map(|all| vec![all.values, all.first, all.counts, all.inverse]),
        24 => select::quantiles(a, &if flag { vec![0.5, f64::NAN] } else { Vec::new() })?,
        25 => select::histogram(a, b)?,
        26 => select::bincount(a, m)?,
        27 => matmul(a, b, if flag { Transposed::Both } else { Transposed::Neither })?,
        28 => return matmul_into(a, b, c, Transposed::Left, 1.0, f64::INFINITY).map(|()| Vec::new()),
        29 => return nearest(a, b, m, Metric::Cosine).map(|list| vec![list.indices, list.distances]),
        30 => {
            if flag {
                permutation(m, n, n)?
            } else {
                normal(&draw.counts(), dtype, m, n)?
            }
        }
        31 => choice(a, m, n, n)?,
        32 => reduce(a, Reduction::ArgMax, &draw.counts(), flag)?,
        _ => compile("x y", "x + y")?.apply(&if flag { vec![a, b] } else { vec![a] })?,
    };
    Ok(vec![one])
}

/// Choices one after the other: Marsaglia's xorshift.
struct Draw(u32);

impl Draw {
    fn word(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        self.word() as usize % bound
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn count(&mut self) -> u32 {
        *self.pick(&[0, 0, 1, 1, 2, 2, 3, 4, 6, 1 << 31, u32::MAX - 1, u32::MAX])
    }

    fn counts(&mut self) -> Vec<u32> {
        (0..self.below(4)).map(|_| self.count()).collect()
    }
}
