//! How far apart two rows of sounds are: an edit distance that forgives what transliteration changes.

pub(super) fn is_vowel(p: u8) -> bool {
    matches!(p, b'a' | b'e' | b'i' | b'o' | b'u' | b'E')
}

pub(super) fn weight(p: u8, loose: bool) -> f64 {
    match p {
        b'E' => 0.05,
        b'h' | b'y' | b'w' => 0.4,
        p if is_vowel(p) => {
            if loose {
                0.22
            } else {
                0.3
            }
        }
        _ => 1.0,
    }
}

pub(super) fn first_differs(a: &[u8], b: &[u8], loose: bool) -> bool {
    let (Some(&x), Some(&y)) = (a.first(), b.first()) else {
        return true;
    };
    let soft = |p: u8| is_vowel(p) || matches!(p, b'h' | b'y' | b'w');
    !(soft(x) && soft(y)) && swap(x, y, loose) > 0.45
}

/// What it costs to read `a` as `b`.
fn swap(a: u8, b: u8, loose: bool) -> f64 {
    if a == b {
        return 0.0;
    }
    let (a, b) = if a < b { (a, b) } else { (b, a) };
    if is_vowel(a) && is_vowel(b) {
        return if a == b'E' || b == b'E' { 0.1 } else { 0.15 };
    }
    let voiced = if loose { 0.1 } else { 0.35 };
    match (a, b) {
        // Voiced and voiceless.
        (b'g', b'k') | (b'd', b't') | (b'b', b'p') => voiced,
        (b's', b'z') | (b'f', b'v') => {
            if loose {
                0.1
            } else {
                0.2
            }
        }
        (b'S', b'Z') | (b'C', b'j') => 0.15,
        // h, kh and g: Г, Х, ㅎ.
        (b'g', b'h') | (b'h', b'x') => 0.1,
        (b'g', b'x') => 0.2,
        (b'k', b'x') | (b'h', b'k') => 0.4,
        // th.
        (b'T', b't') => 0.05,
        (b'T', b's') | (b'T', b'f') | (b'T', b'z') | (b'T', b'd') => 0.2,
        // f and p, v and b, w and v.
        (b'f', b'p') | (b'b', b'v') => {
            if loose {
                0.1
            } else {
                0.5
            }
        }
        (b'v', b'w') => 0.1,
        (b'u', b'w') | (b'u', b'v') | (b'o', b'w') => 0.15,
        (b'f', b'h') => {
            if loose {
                0.2
            } else {
                0.8
            }
        }
        (b'h', b'w') => {
            if loose {
                0.2
            } else {
                0.6
            }
        }
        // Hushing and hissing.
        (b'S', b's') | (b'Z', b'z') | (b'S', b'x') => {
            if loose {
                0.1
            } else {
                0.3
            }
        }
        (b'C', b'S') | (b'Z', b'j') | (b'C', b'c') | (b'c', b's') | (b'c', b'z') => 0.25,
        (b'j', b'z') | (b'c', b'j') => {
            if loose {
                0.15
            } else {
                0.35
            }
        }
        (b'C', b'k') | (b'c', b'k') => 0.4,
        (b'C', b't') => {
            if loose {
                0.3
            } else {
                0.6
            }
        }
        // Korean writes z and a voiced s with ㅈ.
        (b'j', b's') if loose => 0.35,
        (b'd', b'j') | (b'd', b'z') => {
            if loose {
                0.4
            } else {
                0.8
            }
        }
        (b's', b't') => {
            if loose {
                0.4
            } else {
                0.9
            }
        }
        (b'g', b'j') | (b'j', b'x') | (b'h', b'j') | (b'S', b'h') => 0.4,
        // y.
        (b'i', b'y') | (b'e', b'y') => 0.05,
        (b'j', b'y') => 0.35,
        // Nasals and liquids.
        (b'N', b'n') => 0.1,
        (b'm', b'n') => {
            if loose {
                0.35
            } else {
                0.7
            }
        }
        (b'l', b'r') => {
            if loose {
                0.0
            } else {
                0.8
            }
        }
        (b'l', b'n') | (b'n', b'r') => 0.9,
        _ => 1.2,
    }
}

/// What it costs that `p` has no counterpart; sounds that spelling or hearing often drop are cheap.
fn gap(p: u8, next: Option<u8>, loose: bool) -> f64 {
    match p {
        b'r' if loose && next.is_none_or(|n| !is_vowel(n)) => 0.1,
        b'h' | b'w' | b'y' => {
            if loose {
                0.2
            } else {
                0.3
            }
        }
        // Korean and Chinese put in a vowel where sounds are hard to say together, and drop none.
        p if loose && !is_vowel(p) => 1.15,
        _ => weight(p, loose),
    }
}

pub(super) fn distance(a: &[u8], b: &[u8], loose: bool) -> f64 {
    let mut row: Vec<f64> = Vec::with_capacity(b.len() + 1);
    row.push(0.0);
    for (j, &y) in b.iter().enumerate() {
        row.push(row[j] + gap(y, b.get(j + 1).copied(), loose));
    }
    for (i, &x) in a.iter().enumerate() {
        let drop = gap(x, a.get(i + 1).copied(), loose);
        let mut diagonal = row[0];
        row[0] += drop;
        for (j, &y) in b.iter().enumerate() {
            let best = (diagonal + swap(x, y, loose))
                .min(row[j + 1] + drop)
                .min(row[j] + gap(y, b.get(j + 1).copied(), loose));
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    row.last().copied().unwrap_or(0.0)
}
