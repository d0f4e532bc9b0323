//! Calls on tensors: making, viewing, copying.

use algohost_kernels::{Tensor, broadcast};

use super::program::{Call, Program, assert_bytes, countable};
use crate::make::{bytes, context, rounded, values};

pub(super) const CALLS: &[Call] = &[
    ("zeros", zeros),
    ("full", full),
    ("from-bytes", from_bytes),
    ("reshape", reshape),
    ("slice", slice),
    ("permute", permute),
    ("transpose", transpose),
    ("copy", copy),
    ("first-not-finite", first_not_finite),
    ("cast", cast),
    ("assign", assign),
    ("fill", fill),
    ("concat", concat),
    ("read", read),
    ("write", write),
    ("item", item),
];

fn zeros(program: &mut Program) {
    let shape: Vec<usize> =
        if program.draw.one_in(2) { program.shape() } else { (0..program.draw.below(10)).map(|_| program.draw.count()).collect() };
    let dtype = program.dtype();
    if let Some(made) = program.judge(countable(&shape, dtype), Tensor::zeros(&program.context, &shape, dtype)) {
        assert_eq!(made.shape()[..], shape);
        assert!(values(&made).iter().all(|&value| value == 0.0));
        program.keep_new(made);
    }
}

fn full(program: &mut Program) {
    let (shape, dtype) = (program.shape(), program.dtype());
    let value = *program.draw.pick(&[0.0, -1.5, 3e9, f64::NAN, f64::INFINITY, 1e300]);
    if let Some(made) = program.judge(true, Tensor::full(&program.context, &shape, dtype, value)) {
        assert_bytes(&made, dtype, &vec![rounded(dtype, &[value])[0]; made.element_count()]);
        program.keep_new(made);
    }
}

fn from_bytes(program: &mut Program) {
    let (shape, dtype) = (program.shape(), program.dtype());
    let count: usize = shape.iter().product();
    let length = if program.draw.one_in(4) { program.draw.below(50) } else { count * dtype.size() };
    let given: Vec<u8> = (0..length).map(|i| (i % 2) as u8).collect();
    let made = Tensor::from_bytes(&program.context, &shape, dtype, &given);
    if let Some(made) = program.judge(length == count * dtype.size(), made) {
        assert_eq!(made.to_bytes().unwrap(), given);
        program.keep_new(made);
    }
}

fn reshape(program: &mut Program) {
    let a = program.any();
    let mut shape = if program.draw.one_in(3) { program.shape() } else { a.shape().to_vec() };
    let turns = program.draw.below(shape.len() + 1);
    shape.rotate_left(turns);
    if program.draw.one_in(2) {
        shape.push(1);
    }
    let fits = shape.iter().product::<usize>() == a.element_count() && countable(&shape, a.dtype());
    let answer = a.reshape(&program.context, &shape);
    if let Some(made) = program.judge(fits, answer) {
        assert_bytes(&made, a.dtype(), &values(&a));
        if made.shares_storage_with(&a) { program.keep(made) } else { program.keep_new(made) }
    }
}

fn slice(program: &mut Program) {
    let a = program.any();
    let axis = program.draw.below(a.shape().len() + 1);
    let length = a.shape().get(axis).copied().unwrap_or(0);
    let (start, end) = (program.draw.below(length + 2), if program.draw.one_in(6) { program.draw.count() } else { length });
    let fits = axis < a.shape().len() && start <= end && end <= length;
    if let Some(view) = program.judge(fits, a.slice(axis, start..end)) {
        let inner: usize = a.shape()[axis + 1..].iter().product();
        let rows = |block: &[f64]| block[start * inner..end * inner].to_vec();
        let wanted: Vec<f64> = values(&a).chunks((length * inner).max(1)).flat_map(rows).collect();
        assert_bytes(&view, a.dtype(), &wanted);
        program.keep(view);
    }
}

fn permute(program: &mut Program) {
    let a = program.any();
    let mut order: Vec<usize> = (0..a.shape().len()).collect();
    for at in (1..order.len()).rev() {
        let other = program.draw.below(at + 1);
        order.swap(at, other);
    }
    if program.draw.one_in(5) {
        order.push(program.draw.count());
    }
    if program.draw.one_in(5) && !order.is_empty() {
        order[0] = program.draw.below(4);
    }
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if let Some(view) = program.judge(sorted.iter().copied().eq(0..a.shape().len()), a.permute(&order)) {
        assert!(view.shape().iter().eq(order.iter().map(|&axis| &a.shape()[axis])));
        program.keep(view);
    }
}

fn transpose(program: &mut Program) {
    let a = program.any();
    let view = a.transpose();
    assert!(view.shape().iter().rev().eq(a.shape().iter()));
    assert!(view.transpose().is_same_view_as(&a));
    program.keep(view);
}

fn copy(program: &mut Program) {
    let a = program.any();
    if let Some(made) = program.judge(true, a.copy(&program.context)) {
        assert_bytes(&made, a.dtype(), &values(&a));
        program.keep_new(made);
    }
}

fn first_not_finite(program: &mut Program) {
    let a = program.any();
    if let Some(place) = program.judge(true, a.first_not_finite(&program.context)) {
        assert_eq!(place, values(&a).iter().position(|value| !value.is_finite()));
    }
}

fn cast(program: &mut Program) {
    let (a, dtype) = (program.any(), program.dtype());
    if let Some(made) = program.judge(true, a.cast(&program.context, dtype)) {
        assert_bytes(&made, dtype, &rounded(dtype, &values(&a)));
        program.keep_new(made);
    }
}

fn assign(program: &mut Program) {
    let (target, source) = (program.any_to_write(), program.any());
    let shape = broadcast("test", target.shape(), source.shape());
    let overlaps = target.shares_storage_with(&source);
    if overlaps {
        // Guarded as a source, and written as a target.
        return;
    }
    let fits = shape.is_ok_and(|shape| shape == *target.shape()) && !target.is_read_only();
    let content = values(&source);
    if program.judge(fits, target.assign(&program.context, &source)).is_some() {
        let scalar = content.len() == 1;
        if scalar || source.shape() == target.shape() {
            let wanted: Vec<f64> = (0..target.element_count()).map(|i| content[if scalar { 0 } else { i }]).collect();
            assert_bytes(&target, target.dtype(), &rounded(target.dtype(), &wanted));
        }
    }
}

fn fill(program: &mut Program) {
    let target = program.any_to_write();
    let value = *program.draw.pick(&[0.0, 1.0, -3.5, 1e30]);
    if program.judge(!target.is_read_only(), target.fill(&program.context, value)).is_some() {
        assert_bytes(&target, target.dtype(), &vec![rounded(target.dtype(), &[value])[0]; target.element_count()]);
    }
}

fn concat(program: &mut Program) {
    let mut parts: Vec<Tensor> = Vec::new();
    for _ in 0..program.draw.below(4) {
        let part = match parts.first() {
            Some(first) if !program.draw.one_in(4) => {
                let shape = program.about(first.shape());
                program.tensor_of(&shape, first.dtype())
            }
            _ => program.any(),
        };
        parts.push(part);
    }
    let axis = program.draw.below(3);
    let fits = parts.first().is_some_and(|first| {
        let same = |part: &Tensor| {
            part.dtype() == first.dtype()
                && part.shape().len() == first.shape().len()
                && part.shape().without(axis) == first.shape().without(axis)
        };
        axis < first.shape().len() && parts.iter().all(same)
    });
    let made = Tensor::concat(&program.context, &parts.iter().collect::<Vec<_>>(), axis);
    if let Some(made) = program.judge(fits, made) {
        let outer: usize = if made.element_count() == 0 { 0 } else { made.shape()[..axis].iter().product() };
        let blocks = |i: usize| {
            parts.iter().flat_map(move |part| values(part)[i * (part.element_count() / outer)..][..part.element_count() / outer].to_vec())
        };
        assert_bytes(&made, parts[0].dtype(), &(0..outer).flat_map(blocks).collect::<Vec<_>>());
        program.keep_new(made);
    }
}

fn read(program: &mut Program) {
    let a = program.any();
    let rows = a.shape().first().copied().unwrap_or(1);
    let (start, count) =
        (program.draw.below(rows + 2), if program.draw.one_in(3) { program.draw.count() } else { program.draw.below(rows + 1) });
    let fits = start.checked_add(count).is_some_and(|end| end <= rows);
    if let Some(given) = program.judge(fits, a.read_rows(&program.context, start, count)) {
        let row = a.element_count().checked_div(rows).unwrap_or(0);
        assert_eq!(given.len(), count * row * a.dtype().size());
    }
}

fn write(program: &mut Program) {
    let target = program.any_to_write();
    let rows = target.shape().first().copied().unwrap_or(1);
    let row: usize = target.shape().iter().skip(1).product::<usize>() * target.dtype().size();
    let (start, count) = (program.draw.below(rows + 1), program.draw.below(rows + 2));
    let given = vec![1; count * row + usize::from(program.draw.one_in(4))];
    let whole = row > 0 && given.len().is_multiple_of(row);
    let fits = given.is_empty() && row == 0 || whole && start + given.len() / row <= rows && (given.is_empty() || !target.is_read_only());
    if program.judge(fits, target.write_rows(&program.context, start, &given)).is_some() && row > 0 {
        // Not with the program's budget, which may have no room for what is read.
        assert_eq!(target.read_rows(&context(), start, given.len() / row).unwrap(), given);
    }
}

fn item(program: &mut Program) {
    let a = program.any();
    if let Some(value) = program.judge(a.element_count() == 1, a.item()) {
        assert!(bytes(a.dtype(), &[value]) == bytes(a.dtype(), &values(&a)) || value.is_nan());
    }
}
