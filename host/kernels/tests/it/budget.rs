//! Memory is charged before it is taken and given back when it is dropped; cancelled work ends.

use std::sync::Arc;

use algohost_kernels::{
    BinOptions, BinnedMatrix, Budget, Cancel, Context, DType, ErrorKind, Forest, Formula, Grower, LabelledRows, Loss, Metric, Pool, Result,
    SplitOptions, Tensor, Transposed, argsort, assign_clusters, bincount, choice, compress, cumulative_sum, distances, gather,
    hessian_product, histogram, loss_and_gradient, matmul, matmul_into, nearest, nonzero, normal, one_hot, permutation, quantiles, reverse,
    scatter_add, search_sorted, segment_max, segment_mean, segment_min, segment_sum, sort, take_along, top_k, uniform, unique, unique_all,
};

use crate::make::{assert_refused, cancelled, context};

fn with_budget(bytes: u64) -> Context {
    Context::new(Budget::new(bytes), Cancel::default(), Pool::new(2).unwrap())
}

#[test]
fn the_budget_is_charged_in_whole_cache_lines_and_given_back() {
    let context = with_budget(1000);
    let tensor = Tensor::zeros(&context, &[3], DType::Float64).unwrap();
    assert_eq!(context.budget().used(), 64);
    let view = tensor.slice(0, 1..2).unwrap();
    drop(tensor);
    assert_eq!(context.budget().used(), 64);
    drop(view);
    assert_eq!(context.budget().used(), 0);
}

#[test]
fn beyond_the_budget_nothing_is_allocated() {
    let context = with_budget(1000);
    let _held = Tensor::zeros(&context, &[16], DType::Float32).unwrap();
    let error = Tensor::zeros(&context, &[16_000_000_000], DType::Float32).unwrap_err();
    assert_eq!(error.kind, ErrorKind::LimitExceeded);
    assert_eq!(error.message, "zeros: 64000000000 more bytes of tensors asked for, 64 of the 1000 granted are in use");
    assert_eq!(context.budget().used(), 64);
}

/// Every kernel once, with operands made before.
fn every_kernel(made: &Context, context: &Context) -> Vec<(&'static str, Result<Tensor>)> {
    let a = normal(made, &[40_000, 12], DType::Float32, 1, 0).unwrap();
    let b = normal(made, &[12, 9], DType::Float32, 2, 0).unwrap();
    let out = Tensor::zeros(made, &[40_000, 9], DType::Float32).unwrap();
    let (ids, weights) = (Tensor::zeros(made, &[40_000], DType::Int32).unwrap(), uniform(made, &[900], DType::Float32, 3, 0).unwrap());
    let few = a.slice(0, 0..700).unwrap();
    let (labels, w) = (Tensor::zeros(made, &[40_000], DType::Float32).unwrap(), b.slice(1, 0..1).unwrap());
    let (gradient, rows) =
        (Tensor::zeros(made, &[12, 1], DType::Float64).unwrap(), LabelledRows { x: (&a).into(), y: &labels, weights: None });
    vec![
        ("loss-and-gradient", loss_and_gradient(context, Loss::Logistic, rows, &w, &gradient).map(|_| gradient.clone())),
        ("hessian-product", hessian_product(context, Loss::Logistic, rows, &w, &w, &gradient).map(|()| gradient.clone())),
        ("matmul", matmul(context, &a, &b, Transposed::Neither)),
        ("matmul", matmul(context, &a, &a, Transposed::Left)),
        ("matmul", matmul(context, &a, &b.slice(1, 0..1).unwrap(), Transposed::Neither)),
        ("matmul", matmul(context, &out.slice(1, 0..1).unwrap(), &a, Transposed::Left)),
        ("matmul-into", matmul_into(context, &out, &a, &b, Transposed::Neither, 1.0, 0.0).map(|()| out.clone())),
        ("nearest", nearest(context, &a, &few, 1, Metric::Cosine).map(|list| list.indices)),
        ("nearest", nearest(context, &few, &a, 7, Metric::Euclidean).map(|list| list.distances)),
        ("assign-clusters", assign_clusters(context, &a, &few, None).map(|assigned| assigned.sums)),
        ("distances", distances(context, &a, &few.slice(0, 0..5).unwrap(), Metric::Cosine)),
        ("gather", gather(context, &a, &ids)),
        ("segment-sum", segment_sum(context, &a, &ids, 3)),
        ("uniform", uniform(context, &[200_000], DType::Float32, 1, 0)),
        ("normal", normal(context, &[200_000], DType::Float64, 1, 0)),
        ("permutation", permutation(context, 200_000, 1, 0)),
        ("choice", choice(context, &weights, 200_000, 1, 0)),
    ]
}

/// The kernels of trees. What holds state is made before, as operands are.
fn every_step_of_a_tree(made: &Context, context: &Context) -> Vec<(&'static str, Result<Tensor>)> {
    let x = &normal(made, &[40_000, 12], DType::Float32, 1, 0).unwrap();
    let rows = x.shape()[0];
    let (gradients, hessians) = (x.slice(1, 0..1).unwrap(), Tensor::full(made, &[rows], DType::Float32, 1.0).unwrap());
    let matrix = Arc::new(BinnedMatrix::new(made, x, &BinOptions::default()).unwrap());
    let scores = Tensor::zeros(made, &[rows, 1], DType::Float32).unwrap();
    let grower = |context: &Context| Grower::new(context, Arc::clone(&matrix), SplitOptions::default(), 0);
    let started = || {
        let mut grower = grower(made).unwrap();
        grower.start(made, &gradients, &hessians, &[]).unwrap();
        grower
    };
    let (mut forest, mut other) = (Forest::new(12, 1).unwrap(), Forest::new(12, 1).unwrap());
    started().finish(made, &mut forest, 0, 1.0, &scores).unwrap();
    let parts = forest.to_tensors(made).unwrap();
    let done = |_| scores.clone();
    vec![
        ("bin-features", BinnedMatrix::new(context, x, &BinOptions::default()).map(|_| scores.clone())),
        ("codes", matrix.codes(context)),
        ("start", grower(made).unwrap().start(context, &gradients, &hessians, &[]).map(|_| scores.clone())),
        ("split", started().split(context, 0, true).map(|_| scores.clone())),
        ("finish", started().finish(context, &mut other, 0, 1.0, &scores).map(done)),
        ("predict", forest.predict(context, x, 0..1)),
        ("importance", Forest::from_tensors(made, 12, 1, &parts).unwrap().importance(context)),
    ]
}

/// Every kernel of the select family once, on rows, on columns and on one long row, with operands made before.
fn every_selection(made: &Context, context: &Context) -> Vec<(&'static str, Result<Tensor>)> {
    let a = normal(made, &[40_000, 12], DType::Float32, 1, 0).unwrap();
    let long = a.reshape(made, &[480_000]).unwrap();
    let columns = a.transpose();
    let ids = Tensor::zeros(made, &[40_000], DType::Int32).unwrap();
    let edges = Tensor::from_bytes(made, &[3], DType::Float32, bytemuck::cast_slice(&[-1.0_f32, 0.0, 1.0])).unwrap();
    let target = Tensor::zeros(made, &[3, 12], DType::Float32).unwrap();
    let places = permutation(made, 12, 2, 0).unwrap();
    let repeated = places.broadcast_to("test", a.shape()).unwrap();
    vec![
        ("take-along", take_along(context, &a, &repeated)),
        ("compress", compress(context, &a, &columns.slice(0, 0..1).unwrap().reshape(made, &[40_000]).unwrap())),
        ("nonzero", nonzero(context, &columns)),
        ("reverse", reverse(context, &columns, 1)),
        ("one-hot", one_hot(context, &ids, 3, DType::UInt8)),
        ("scatter-add", scatter_add(context, &target, &ids, &a.slice(1, 0..12).unwrap()).map(|()| target.clone())),
        ("segment-mean", segment_mean(context, &a, &ids, 3)),
        ("segment-max", segment_max(context, &columns, &places, 12)),
        ("segment-min", segment_min(context, &a, &ids, 3)),
        ("cumulative-sum", cumulative_sum(context, &columns, 0)),
        ("sort", sort(context, &long, true)),
        ("sort", sort(context, &columns, false)),
        ("argsort", argsort(context, &long, false)),
        ("argsort", argsort(context, &a.cast(made, DType::Float64).unwrap(), false)),
        ("top-k", top_k(context, &long, 700, true).map(|list| list.values)),
        ("unique", unique(context, &long)),
        ("unique-all", unique_all(context, &a).map(|all| all.inverse)),
        ("quantiles", quantiles(context, &long, &[0.5])),
        ("quantiles", quantiles(context, &a, &[0.1, 0.2])),
        ("search-sorted", search_sorted(context, &edges, &long, true)),
        ("histogram", histogram(context, &columns, &edges)),
        ("bincount", bincount(context, &ids, 3)),
    ]
}

fn everything(made: &Context, context: &Context) -> Vec<(&'static str, Result<Tensor>)> {
    let mut results = every_kernel(made, context);
    results.extend(every_selection(made, context));
    results.extend(every_step_of_a_tree(made, context));
    results
}

#[test]
fn every_kernel_gives_back_its_workspace() {
    let (made, context) = (context(), context());
    let results = everything(&made, &context);
    for (name, result) in &results {
        assert!(result.is_ok(), "{name}: {result:?}");
    }
    drop(results);
    assert_eq!(context.budget().used(), 0);
}

#[test]
fn every_kernel_asks_before_it_allocates() {
    let (made, context) = (context(), with_budget(0));
    for (name, result) in everything(&made, &context).into_iter().filter(|(name, _)| *name != "matmul-into" && *name != "scatter-add") {
        let error = result.expect_err(name);
        assert_eq!(error.kind, ErrorKind::LimitExceeded, "{name}");
        assert!(error.message.starts_with(&format!("{name}: ")), "{}", error.message);
    }
    assert_eq!(context.budget().used(), 0);
}

/// For every budget below what a kernel needs, the kernel says so; workspace counts too.
#[test]
fn no_budget_in_between_makes_a_kernel_exceed_it() {
    let made = context();
    for bytes in (0..24).map(|doubled| 1_u64 << doubled) {
        let context = with_budget(bytes);
        for (name, result) in everything(&made, &context) {
            if let Err(error) = result {
                assert_eq!(error.kind, ErrorKind::LimitExceeded, "{name} with {bytes}: {error}");
            }
        }
        assert_eq!(context.budget().used(), 0, "with {bytes}");
    }
}

#[test]
fn cancelled_kernels_end_with_an_interruption() {
    let (made, context) = (context(), cancelled());
    for (name, result) in everything(&made, &context) {
        assert!(result.is_err(), "{name} does not look at the cancel token");
        assert_refused(result, ErrorKind::Interrupted, &format!("{name}: cancelled by the host"));
    }
    assert_eq!(context.budget().used(), 0);
    context.cancel().reset();
    assert!(everything(&made, &context).iter().all(|(_, result)| result.is_ok()));
}

#[test]
fn storage_that_was_freed_comes_back_as_zeros_where_zeros_are_asked_for() {
    let context = with_budget(16 << 20);
    let shape = [1 << 19];
    for _ in 0..3 {
        drop(Tensor::full(&context, &shape, DType::Float32, 7.0).unwrap());
        assert_eq!(context.budget().used(), 0);
        let zeros = Tensor::zeros(&context, &shape, DType::Float32).unwrap();
        assert!(zeros.read_rows(&context, 0, 1 << 19).unwrap().iter().all(|&byte| byte == 0));
    }
}

#[test]
fn storage_that_is_kept_for_later_gives_way_to_what_is_asked_for() {
    let context = with_budget(16 << 20);
    for rows in 1..16 {
        // Each of another size, so that none is used again; together they are far more than the budget.
        let tensor = Tensor::zeros(&context, &[rows << 20], DType::UInt8).unwrap();
        assert_eq!(context.budget().used(), (rows << 20) as u64);
        drop(tensor);
    }
    let tensor = Tensor::zeros(&context, &[16 << 20], DType::UInt8).unwrap();
    assert!(Tensor::zeros(&context, &[1], DType::UInt8).is_err());
    drop(tensor);
}

#[test]
fn bytes_that_are_read_are_charged_while_they_are_copied() {
    let context = with_budget(1 << 20);
    let tensor = Tensor::zeros(&context, &[10, 64 << 10], DType::UInt8).unwrap();
    let message = "read: 655360 more bytes of tensors asked for, 655360 of the 1048576 granted are in use";
    assert_refused(tensor.read_rows(&context, 0, 10), ErrorKind::LimitExceeded, message);
    assert_eq!(tensor.read_rows(&context, 3, 5).unwrap().len(), 5 * (64 << 10));
    assert_eq!(context.budget().used(), 10 * (64 << 10));
}

#[test]
fn what_moves_elements_ends_when_it_is_cancelled() {
    let (context, cancelled) = (context(), cancelled());
    let (a, b) = (Tensor::zeros(&context, &[4, 6], DType::Float32).unwrap(), Tensor::zeros(&context, &[4, 6], DType::Float32).unwrap());
    let turned = Tensor::zeros(&context, &[6, 4], DType::Float32).unwrap().transpose();
    let interrupted = |given: Result<()>, name: &str| {
        assert_refused(given, ErrorKind::Interrupted, &format!("{name}: cancelled by the host"));
    };
    for source in [&a, &turned] {
        interrupted(source.copy(&cancelled).map(drop), "copy");
        interrupted(source.cast(&cancelled, DType::Int8).map(drop), "cast");
        interrupted(source.fill(&cancelled, 1.0), "fill");
        interrupted(b.assign(&cancelled, source), "assign");
        interrupted(Tensor::concat(&cancelled, &[source, &b], 0).map(drop), "concat");
        interrupted(source.read_rows(&cancelled, 1, 2).map(drop), "read");
        interrupted(source.write_rows(&cancelled, 1, &[0; 48]), "write");
    }
    interrupted(turned.reshape(&cancelled, &[24]).map(drop), "reshape");
    interrupted(Tensor::full(&cancelled, &[4], DType::Float32, 1.0).map(drop), "full");
    interrupted(Tensor::from_bytes(&cancelled, &[4], DType::UInt8, &[1; 4]).map(drop), "from-bytes");
}

#[test]
fn a_formula_is_charged_for_as_long_as_it_lives() {
    let context = with_budget(100_000);
    let long = format!("a{}", " * 2 + a".repeat(400));
    let compile = || Formula::compile("a", &long).unwrap().charged(&context);
    let first = compile().unwrap();
    let one = context.budget().used();
    assert!((10_000..50_000).contains(&one), "{one} bytes");
    let more: Vec<Formula> = std::iter::from_fn(|| compile().ok()).collect();
    assert_eq!(more.len() as u64, 100_000 / one - 1);
    assert_eq!(compile().err().unwrap().kind, ErrorKind::LimitExceeded);
    drop((first, more));
    assert_eq!(context.budget().used(), 0);
}
