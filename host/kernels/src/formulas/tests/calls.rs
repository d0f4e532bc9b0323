//! Binding, aliasing, types, threads, budgets and cancelling.

use super::super::{Formula, Reduction, reduce};
use super::{context, context_of, noise, tensor, values};
use crate::context::{Budget, Cancel, Context, Pool};
use crate::dtype::DType;
use crate::error::ErrorKind;
use crate::instructions::FORCED_ARCH;
use crate::tensor::Tensor;

fn compile(inputs: &str, formula: &str) -> Formula {
    Formula::compile(inputs, formula).expect("a formula")
}

/// The value of a formula without inputs.
fn number(formula: &str) -> f64 {
    compile("", formula).apply(&context(), &[]).expect("a number").item().expect("one element")
}

#[test]
fn operators_bind_as_in_python() {
    let cases = [
        ("-2^2", -4.0),
        ("2^-1", 0.5),
        ("2^3^2", 512.0),
        ("-2^-2", -0.25),
        ("2 - 3 - 4", -5.0),
        ("8 / 4 / 2", 1.0),
        ("2 + 3 * 4", 14.0),
        ("-3 * -2", 6.0),
        ("2 * -3 ^ 2", -18.0),
        ("not 1 == 2", 1.0),
        ("not 0 and 0", 0.0),
        ("1 or 0 and 0", 1.0),
        ("not not 3", 1.0),
        ("1 + 1 < 3", 1.0),
        ("(1 < 2) == (3 > 2)", 1.0),
        (".5 + 1. + 1e1 + 2E-1", 11.7),
        ("clamp(5, 0, 2) + clamp(-5, 0, 2)", 2.0),
        ("where(2 >= 2, pi, 0)", std::f64::consts::PI),
        ("min(inf, 3) + isnan(nan) + isnan(max(nan, 1)) + isnan(max(1, nan)) + isnan(clamp(nan, 0, 1))", 7.0),
        ("nan and 1", 1.0),
        ("nan == nan", 0.0),
        ("nan != nan", 1.0),
    ];
    for (formula, wanted) in cases {
        assert_eq!(number(formula), wanted, "{formula}");
    }
}

#[test]
fn plain_powers_are_multiplications_and_roots() {
    let context = context();
    let x = tensor(&context, &[4], DType::Float64, &[-1.5, 0.3, 2.0, 7.0]);
    for (power, plain) in [
        ("x^0", "1 + 0*x"),
        ("x^1", "x"),
        ("x^2", "x*x"),
        ("x^3", "x*x*x"),
        ("x^-2", "1/(x*x)"),
        ("x^0.5", "sqrt(x)"),
        ("x^-0.5", "1/sqrt(x)"),
    ] {
        let of = |text| values(&compile("x", text).apply(&context, &[&x]).expect("values"));
        for (a, b) in of(power).into_iter().zip(of(plain)) {
            assert!(a == b || (a.is_nan() && b.is_nan()), "{power}: {a}, {plain}: {b}");
        }
    }
}

#[test]
fn bound_inputs_stay_until_they_are_freed() {
    let context = context();
    let mut step = compile("w g lr", "w - lr * g");
    let (w, g) = (tensor(&context, &[2], DType::Float32, &[1.0, 2.0]), tensor(&context, &[2], DType::Float32, &[10.0, 20.0]));
    step.bind_scalar("lr", 0.5).expect("bound");
    assert_eq!(values(&step.apply(&context, &[&w, &g]).expect("a step")), [-4.0, -8.0]);
    step.bind("g", &w).expect("bound");
    assert_eq!(values(&step.apply(&context, &[&w]).expect("a step")), [0.5, 1.0]);
    step.bind_scalar("lr", 1.0).expect("bound");
    assert_eq!(values(&step.apply(&context, &[&w]).expect("a step")), [0.0, 0.0]);
    step.unbind();
    let lr = tensor(&context, &[], DType::Float32, &[0.25]);
    assert_eq!(values(&step.apply(&context, &[&w, &g, &lr]).expect("a step")), [-1.5, -3.0]);
    drop((w, g, lr));
    assert_eq!(context.budget().used(), 0, "nothing is held after unbind");
}

#[test]
fn the_type_computed_in_follows_from_the_tensors() {
    let context = context();
    let mut formula = compile("a b", "a + b");
    formula.bind_scalar("b", 0.1).expect("bound");
    for dtype in DType::ALL {
        let got = formula.apply(&context, &[&tensor(&context, &[3], dtype, &[1.0, 0.0, 1.0])]).expect("sums");
        let wide = matches!(dtype, DType::Float64 | DType::Int32 | DType::Int64 | DType::UInt32 | DType::UInt64);
        assert_eq!(got.dtype(), if wide { DType::Float64 } else { DType::Float32 }, "{dtype}");
        assert_eq!(values(&got)[1], if wide { 0.1 } else { f64::from(0.1_f32) });
    }
    formula.bind_scalar("a", 0.2).expect("bound");
    assert_eq!(formula.apply(&context, &[]).expect("a number").dtype(), DType::Float64);
}

#[test]
fn results_are_cast_to_the_type_of_out() {
    let context = context();
    let formula = compile("x", "x * 100 - 150");
    let x = tensor(&context, &[4], DType::Float32, &[0.5, 1.5, 3.999, 100.0]);
    for (dtype, wanted) in [
        (DType::Float64, vec![-100.0, 0.0, f64::from(3.999_f32 * 100.0 - 150.0), 9850.0]),
        (DType::UInt8, vec![0.0, 0.0, 249.0, 255.0]),
        (DType::Int16, vec![-100.0, 0.0, 249.0, 9850.0]),
        (DType::Boolean, vec![1.0, 0.0, 1.0, 1.0]),
        (DType::BFloat16, vec![-100.0, 0.0, 250.0, 9856.0]),
    ] {
        let out = Tensor::zeros(&context, &[4], dtype).expect("zeros");
        formula.apply_into(&context, &out, &[&x]).expect("applied");
        assert_eq!(values(&out), wanted, "{dtype}");
    }
    let mask = Tensor::zeros(&context, &[4], DType::UInt8).expect("zeros");
    compile("x", "x > 1").apply_into(&context, &mask, &[&x]).expect("applied");
    assert_eq!(values(&mask), [0.0, 1.0, 1.0, 1.0]);
}

#[test]
fn the_output_may_be_an_input_but_not_overlap_one() {
    let context = context();
    let formula = compile("a b", "a + 10 * b");
    for dtype in [DType::Float32, DType::Float64, DType::Int32] {
        let numbers: Vec<f64> = (0..1300).map(f64::from).collect();
        let whole = tensor(&context, &[130, 10], dtype, &numbers);
        let expected: Vec<f64> = numbers.iter().map(|x| 11.0 * x).collect();
        formula.apply_into(&context, &whole, &[&whole, &whole]).expect("in place");
        assert_eq!(values(&whole), expected, "{dtype}");
        let gaps = tensor(&context, &[130, 10], dtype, &numbers).slice(1, 2..7).expect("a view");
        let (before, row) = (values(&gaps), tensor(&context, &[5], dtype, &[1.0, 2.0, 3.0, 4.0, 5.0]));
        formula.apply_into(&context, &gaps, &[&gaps, &row]).expect("in place, with gaps");
        let expected: Vec<f64> = before.iter().enumerate().map(|(i, x)| x + 10.0 * (i % 5 + 1) as f64).collect();
        assert_eq!(values(&gaps), expected, "{dtype} with gaps");
        let error = formula.apply_into(&context, &whole.slice(0, 0..10).expect("rows"), &[&whole.slice(0, 1..11).expect("rows"), &row]);
        assert_eq!(error.map_err(|error| error.kind), Err(ErrorKind::BadOperation));
        let one = whole.slice(0, 3..4).and_then(|row| row.slice(1, 0..1)).expect("one element");
        let error = formula.apply_into(&context, &whole, &[&whole, &one]).expect_err("refused");
        assert_eq!(error.message, "apply-into: the output shares storage with an input; give it storage of its own");
    }
    let row = tensor(&context, &[1, 4], DType::Float32, &[0.0; 4]);
    let repeated = row.broadcast_to("test", &crate::Axes::new(&[3, 4]).expect("axes")).expect("a view");
    let error = formula.apply_into(&context, &repeated, &[&tensor(&context, &[1], DType::Float32, &[1.0]); 2]).expect_err("refused");
    assert_eq!(error.message, "apply-into: out is a view that repeats elements; copy it to write to it");
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let contexts = [1, 2, 4].map(context_of);
    let numbers = noise(300_000);
    let formula = compile("x m", "tanh(x - m) / (1 + x^2) + exp(-x)");
    let bits = |tensor: &Tensor| values(tensor).into_iter().map(f64::to_bits).collect::<Vec<_>>();
    for dtype in [DType::Float32, DType::Float64] {
        for shape in [[300_000, 1], [10_000, 30], [100, 3000], [3, 100_000]] {
            let run = |context: &Context| {
                let (x, m) = (tensor(context, &shape, dtype, &numbers), tensor(context, &[shape[1]], dtype, &numbers[..shape[1]]));
                let mut all = vec![bits(&formula.apply(context, &[&x, &m]).expect("values"))];
                for how in Reduction::ALL {
                    for axes in [&[][..], &[0], &[1]] {
                        all.push(bits(&formula.reduce(context, how, axes, false, &[&x, &m]).expect("a reduction")));
                    }
                }
                all
            };
            let first = run(&contexts[0]);
            assert!(contexts[1..].iter().all(|context| run(context) == first), "{dtype} {shape:?}");
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_vector_instructions() {
    let mut choices = vec![pulp::Arch::new(), pulp::Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    choices.extend(pulp::x86::V3::try_new().map(pulp::Arch::V3));
    let context = context();
    let functions = "abs sign floor ceil round trunc sqrt exp expm1 log log1p tanh sigmoid softplus relu square".split(' ');
    let formulas: Vec<Formula> = functions.map(|name| compile("x y", &format!("{name}(x) * y + min(x, y) / max(y, x - 1)"))).collect();
    let bits = |tensor: &Tensor| values(tensor).into_iter().map(f64::to_bits).collect::<Vec<_>>();
    for dtype in [DType::Float32, DType::Float64] {
        let x = tensor(&context, &[90, 31], dtype, &noise(90 * 31));
        let run = |arch: &pulp::Arch| {
            FORCED_ARCH.set(Some(*arch));
            let mut all: Vec<_> = formulas
                .iter()
                .map(|formula| bits(&formula.apply(&context, &[&x, &x.slice(0, 3..4).expect("a row")]).expect("values")))
                .collect();
            for how in Reduction::ALL {
                all.extend([&[][..], &[0], &[1]].map(|axes| bits(&reduce(&context, &x, how, axes, false).expect("a reduction"))));
            }
            all
        };
        let first = run(&choices[0]);
        assert!(choices[1..].iter().all(|arch| run(arch) == first), "{dtype}");
    }
    FORCED_ARCH.set(None);
}

#[test]
fn a_row_alone_gives_the_bits_it_gives_among_others() {
    let context = context();
    let formula = compile("x w b", "sigmoid(x * w + b) ^ 1.5 - log1p(exp(w))");
    let x = tensor(&context, &[600, 1], DType::Float32, &noise(600));
    let (w, b) = (tensor(&context, &[1], DType::Float32, &[1.3]), tensor(&context, &[1], DType::Float32, &[-0.7]));
    let together = values(&formula.apply(&context, &[&x, &w, &b]).expect("values"));
    for (i, together) in together.into_iter().enumerate() {
        let alone = formula.apply(&context, &[&x.slice(0, i..i + 1).expect("a row"), &w, &b]).expect("a value");
        assert_eq!(alone.item().expect("one element").to_bits(), together.to_bits(), "row {i}");
    }
}

#[test]
fn cancelled_work_ends_and_budgets_are_kept() {
    let cancel = Cancel::default();
    let context = Context::new(Budget::new(100_000), cancel.clone(), Pool::new(2).expect("a pool"));
    let (x, formula) = (tensor(&context, &[10_000], DType::Float32, &noise(10_000)), compile("x", "exp(x)"));
    let y = formula.apply(&context, &[&x]).expect("the budget holds two");
    let error = formula.apply(&context, &[&x]).expect_err("the budget holds no third");
    assert_eq!(error.kind, ErrorKind::LimitExceeded);
    assert!(error.message.starts_with("apply: 40000 more bytes of tensors asked for"), "{}", error.message);
    cancel.cancel();
    for error in [
        formula.apply_into(&context, &y, &[&x]).map(|()| 0.0),
        formula.reduce_all(&context, Reduction::Sum, &[&x]),
        reduce(&context, &x, Reduction::Max, &[0], false).map(|_| 0.0),
    ] {
        assert_eq!(error.expect_err("cancelled").kind, ErrorKind::Interrupted);
    }
    cancel.reset();
    assert!(formula.apply_into(&context, &y, &[&x]).is_ok());
}

/// Wide enough for tasks: a slice of columns, a transposed output, and one with gaps everywhere.
#[test]
fn outputs_that_are_views_are_written_by_any_number_of_threads() {
    for dtype in [DType::Float32, DType::Float64, DType::Int32] {
        let contents: Vec<Vec<f64>> = [1, 2, 4]
            .map(|threads| {
                let context = context_of(threads);
                let x = tensor(&context, &[3000, 90], DType::Float32, &noise(270_000));
                let whole = Tensor::full(&context, &[90, 3001, 93], dtype, 7.0).expect("room");
                let views = [
                    whole
                        .slice(0, 2..3)
                        .and_then(|view| view.reshape(&context, &[3001, 93]))
                        .and_then(|view| view.slice(0, 1..3001))
                        .and_then(|view| view.slice(1, 2..92)),
                    whole.slice(2, 1..2).and_then(|view| view.slice(1, 0..3000)).and_then(|view| view.permute(&[1, 0, 2])),
                ];
                let formula = Formula::compile("x o", "10 * x + o / 2").expect("a formula");
                let [columns, turned] = views.map(|view| view.expect("a view"));
                formula.apply_into(&context, &columns, &[&x, &columns]).expect("columns");
                formula.apply_into(&context, &turned, &[&x.reshape(&context, &[3000, 90, 1]).expect("x"), &turned]).expect("turned");
                let wanted = |x: f64, o: f64| if dtype == DType::Int32 { (10.0 * x + o / 2.0).trunc() } else { 10.0 * x + o / 2.0 };
                let x = values(&x);
                // The second output meets the first one's in one place of axis 0.
                for (i, (given, x)) in values(&turned).into_iter().zip(&x).enumerate().filter(|(i, _)| i % 90 != 2) {
                    assert!((given - wanted(*x, 7.0)).abs() < 1e-5, "element {i} of {dtype}: {given}");
                }
                let before = values(&whole);
                assert_eq!(before[0..3].to_vec()[0], 7.0, "what surrounds the views stays");
                before
            })
            .into();
        assert!(contents[0] == contents[1] && contents[1] == contents[2], "{dtype}: threads change the result");
    }
}
