use super::*;
use crate::neural::held::CacheType;
use crate::neural::instructions::random;

struct Case {
    queries: Vec<f32>,
    keys: Held,
    values: Held,
    place: Place,
    seen: usize,
}

fn case(kind: CacheType, size: usize, seen: usize) -> Case {
    let place = Place {
        stride: 2 * size,
        offset: size,
        size,
    };
    let held = |seed| {
        let mut held = Held::new(kind);
        held.extend(&random::numbers(seed, seen * place.stride));
        held
    };
    Case {
        queries: random::numbers(1, 3 * size).iter().map(|x| x * 3.0).collect(),
        keys: held(2),
        values: held(3),
        place,
        seen,
    }
}

fn run(case: &Case, cuts: &[usize], path: Path) -> Vec<f32> {
    let ends = cuts.iter().copied().chain([case.seen]);
    let starts = [0].into_iter().chain(cuts.iter().copied());
    let parts: Vec<Part<'_>> = starts
        .zip(ends)
        .map(|(from, to)| Part {
            keys: &case.keys,
            values: &case.values,
            from,
            to,
        })
        .collect();
    let mut mixed = vec![7.0; case.queries.len()];
    attend(
        &case.queries,
        &parts,
        case.place,
        0.5,
        &mut mixed,
        &mut Scratch::default(),
        path,
    );
    mixed
}

fn exact(case: &Case) -> Vec<f64> {
    let size = case.place.size;
    let read = |held: &Held, position: usize| {
        let mut room = vec![0.0; size];
        held.read(position * case.place.stride + case.place.offset, size, &mut room)
            .to_vec()
    };
    let mut all = Vec::new();
    for query in case.queries.chunks_exact(size) {
        let score = |position| {
            let key = read(&case.keys, position);
            let dot: f64 = query
                .iter()
                .zip(&key)
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum();
            (dot * 0.5).exp()
        };
        let scores: Vec<f64> = (0..case.seen).map(score).collect();
        let total: f64 = scores.iter().sum();
        let mut mixed = vec![0.0; size];
        for (position, score) in scores.iter().enumerate() {
            for (mixed, value) in mixed.iter_mut().zip(read(&case.values, position)) {
                *mixed += score / total * f64::from(value);
            }
        }
        all.extend(mixed);
    }
    all
}

#[test]
fn each_path_mixes_what_is_held_by_the_softmax_of_the_scores() {
    for kind in [CacheType::F32, CacheType::F16, CacheType::Q8_0] {
        for (size, seen) in [(64, 1), (64, 77), (32, 200)] {
            let case = case(kind, size, seen);
            let exact = exact(&case);
            for path in Path::all() {
                for (found, exact) in run(&case, &[], path).iter().zip(&exact) {
                    assert!(
                        (f64::from(*found) - exact).abs() < 2e-6,
                        "{kind:?}, {path:?}: {found} is not {exact}"
                    );
                }
            }
        }
    }
}

#[test]
fn parts_change_no_bit() {
    let case = case(CacheType::F32, 40, 131);
    for path in Path::all() {
        let whole = run(&case, &[], path);
        assert_eq!(run(&case, &[1, 6, 129], path), whole);
        assert_eq!(run(&case, &[64], path), whole);
    }
}

#[test]
fn the_exponential_is_that_of_the_library() {
    for step in 0..90_000 {
        let x = -(step as f32) / 1000.0;
        let (found, exact) = (exp::<Plain>(x), f64::from(x.max(-87.0)).exp());
        assert!(((f64::from(found) - exact) / exact).abs() < 3e-7, "{x}: {found}");
    }
}
