//! The words of errors.

use super::super::{Formula, Reduction};
use super::{context, tensor};
use crate::dtype::DType;
use crate::error::ErrorKind;

fn refusal(inputs: &str, formula: &str) -> String {
    let error = Formula::compile(inputs, formula).map(|_| ()).expect_err("refused");
    assert_eq!(error.kind, ErrorKind::BadOperation);
    error.message
}

#[test]
fn errors_mark_the_character_that_is_wrong() {
    let cases = [
        ("z b y", "z + lambda", "unknown name 'lambda' at character 5, known are: z b y\n    z + lambda\n        ^"),
        ("", "x", "unknown name 'x' at character 1, known are: pi inf nan\n    x\n    ^"),
        ("x", "x x", "an operator expected, 'x' found at character 3\n    x x\n      ^"),
        ("x", "2x", "an operator expected, 'x' found at character 2\n    2x\n     ^"),
        ("x", "x +", "a number, a name or '(' expected, the end found at character 4\n    x +\n       ^"),
        ("x", "", "a number, a name or '(' expected, the end found at character 1\n    \n    ^"),
        ("x", "(x + 1", "parenthesis not closed, opened at character 1\n    (x + 1\n    ^"),
        ("x", "x + 1)", "an operator expected, ')' found at character 6\n    x + 1)\n         ^"),
        ("x", "exp", "function 'exp' without its operands at character 1\n    exp\n    ^"),
        ("x", "1 + min(x)", "'min' takes 2 operands, 1 given, at character 5\n    1 + min(x)\n        ^"),
        ("x", "where(x, 1, 2, 3)", "'where' takes 3 operands, 4 given, at character 1\n    where(x, 1, 2, 3)\n    ^"),
        (
            "x",
            "x(1)",
            "'x' is an input, no function, at character 1, known are: abs sign floor ceil round trunc sqrt exp expm1 log log1p sin cos tan tanh sigmoid softplus relu square isnan min max pow where clamp\n    x(1)\n    ^",
        ),
        ("x", "0 < x < 1", "comparisons do not chain, write a < b and b < c; second comparison at character 7\n    0 < x < 1\n          ^"),
        ("x", "x ** 2", "a power is written '^', not '**' at character 3\n    x ** 2\n      ^"),
        ("x", "x = 2", "a comparison is written '==', and a formula assigns nothing at character 3\n    x = 2\n      ^"),
        ("x", "x ? 2", "unknown character '?' at character 3\n    x ? 2\n      ^"),
        ("é", "1", "input name 'é' is not letters, digits and '_' after a letter or '_', at character 1\n    é\n    ^"),
        ("x", "1 + é", "unknown character 'é' at character 5\n    1 + é\n        ^"),
        ("a b a", "1", "input name 'a' given twice, again at character 5\n    a b a\n        ^"),
        ("a exp", "1", "input name 'exp' means something else in formulas, at character 3\n    a exp\n      ^"),
        ("x", "1e999", "the number is too large; the largest is about 1.8e308 at character 1\n    1e999\n    ^"),
        ("x", "1 + not x", "'not' binds looser than what is before it, put it in parentheses; at character 5\n    1 + not x\n        ^"),
    ];
    for (inputs, formula, wanted) in cases {
        assert_eq!(refusal(inputs, formula), format!("compile: {wanted}"), "{formula}");
    }
}

#[test]
fn errors_in_long_formulas_show_the_place_only() {
    let formula = format!("{} + oops + {}", vec!["x"; 100].join(" + "), vec!["x"; 100].join(" + "));
    let message = refusal("x", &formula);
    let lines: Vec<&str> = message.lines().collect();
    assert!(lines[0].starts_with("compile: unknown name 'oops' at character 401"), "{message}");
    assert_eq!(lines[1].find("oops"), lines[2].find('^'), "{message}");
    assert!(lines[1].len() < 130 && lines[1].trim_start().starts_with("... ") && lines[1].ends_with(" ..."), "{message}");
}

#[test]
fn inputs_that_are_more_together_than_can_be_counted_are_refused() {
    let formula = Formula::compile("a b c d", "a + b + c + d").expect("a formula");
    let context = context();
    let inputs = [0, 1, 2, 3].map(|axis| {
        let mut shape = [1; 4];
        shape[axis] = 65_536;
        tensor(&context, &shape, DType::Float32, &[1.0; 65_536])
    });
    let error = formula.reduce_all(&context, Reduction::Sum, &inputs.each_ref()).expect_err("refused");
    let wanted = "reduce-all: a tensor of shape [65536, 65536, 65536, 65536] has more elements than can be counted";
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::BadOperation, wanted));
}

#[test]
fn limits_are_kept() {
    let names: Vec<String> = (0..33).map(|i| format!("x{i}")).collect();
    assert!(refusal(&names.join(" "), "1").starts_with("compile: more than 32 inputs, the first too many at character"));
    assert!(Formula::compile(&names[..32].join(" "), "x31").is_ok());
    assert!(refusal("x", &format!("{}x{}", "(".repeat(101), ")".repeat(101))).starts_with("compile: nested deeper than 100 at character"));
    assert!(refusal("x", &format!("{}x", "-".repeat(8000))).starts_with("compile: nested deeper than 100 at character"));
    assert!(Formula::compile("x", &format!("{}x{}", "(".repeat(99), ")".repeat(99))).is_ok());
    assert_eq!(refusal("x", &" ".repeat(8193)), "compile: the formula has 8193 bytes, at most 8192 are possible");
    let many: Vec<String> = (0..700).map(|i| format!("x*{i}.5")).collect();
    assert!(refusal("x", &many.join("+")).starts_with("compile: more than 1000 operations, inputs and numbers; make two formulas of it"));
    assert!(Formula::compile("x", &vec!["x"; 990].join("+")).is_ok());
}

#[test]
fn wrong_tensors_are_named() {
    let context = context();
    let mut formula = Formula::compile("w g lr", "w - lr * g").expect("a formula");
    let x = tensor(&context, &[3], DType::Float32, &[1.0, 2.0, 3.0]);
    let y = tensor(&context, &[4], DType::Float32, &[1.0, 2.0, 3.0, 4.0]);
    let message = |formula: &Formula, inputs: &[&crate::Tensor]| formula.apply(&context, inputs).expect_err("refused").message;
    assert_eq!(message(&formula, &[&x]), "apply: 1 given, the formula takes 3 tensors (w g lr)");
    formula.bind_scalar("lr", 0.1).expect("an input");
    assert_eq!(message(&formula, &[&x, &x, &x]), "apply: 3 given, the formula takes 2 tensors (w g)");
    assert_eq!(message(&formula, &[&x, &y]), "apply: shapes [3] and [4] do not broadcast: 3 against 4");
    assert_eq!(
        formula.apply_into(&context, &y, &[&x, &x]).expect_err("refused").message,
        "apply-into: inputs of shape [3] together do not fit out [4]"
    );
    assert_eq!(formula.bind("wd", &x).expect_err("refused").message, "bind: the formula has no input 'wd', its inputs are: w g lr");
}
