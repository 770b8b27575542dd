//! What comes next, guessed from what stands in the prompt or was written before.
//!
//! Where the last tokens have stood before, what followed them there is likely to follow again: names, quotations and
//! whole clauses of an article in its summary (Saxena 2023, "Prompt Lookup Decoding"). A guess costs a row of the next
//! step; the model's own choice decides, so what is written stays the same. How long a guess is worth making is learnt
//! from how often such guesses were right.

/// Places that a guess's beginning has stood at are compared over so many tokens.
const LONGEST_MATCH: usize = 8;
/// Tokens of a guess at the most.
const LONGEST_GUESS: usize = 12;
/// What a step costs whatever it reads, in rows: the weights must be brought from memory for one row as for many
/// (`cargo bench --bench decoder -- FILE.gguf rows`).
const STEP_IN_ROWS: f32 = 4.5;
/// How much the last guess counts.
const MEMORY: f32 = 0.1;

/// How often guesses were right, by how many tokens had stood there before.
pub(super) struct Lookup {
    right: [f32; LEVELS],
}

const LEVELS: usize = 4;

fn level(matched: usize) -> usize {
    match matched {
        0 | 1 => 0,
        2 => 1,
        3 | 4 => 2,
        _ => 3,
    }
}

/// Tokens that may come next.
#[derive(Default)]
pub(super) struct Guess {
    /// What followed before.
    pub(super) tokens: Vec<u32>,
    /// How many of them are worth a row.
    pub(super) worth: usize,
    matched: usize,
}

impl Lookup {
    pub(super) fn new() -> Self {
        Self {
            right: [0.1, 0.4, 0.6, 0.8],
        }
    }

    /// What may follow `ids`, at most `most` tokens, in a step of `rows` sequences.
    pub(super) fn guess(&self, ids: &[u32], most: usize, rows: usize) -> Guess {
        let Some((at, matched)) = last_stood(ids) else {
            return Guess::default();
        };
        let end = ids.len().min(at + most.min(LONGEST_GUESS));
        let tokens = ids[at..end].to_vec();
        // A row more is worth it if with it more tokens come for what a step costs than without: at first each sequence
        // gets one, and each guess adds what it is likely to.
        let (mut expected, mut cost) = (rows as f32, rows as f32 + STEP_IN_ROWS);
        let mut chance = 1.0;
        let is_worth = |ahead: &usize| {
            chance *= self.right[level(matched + ahead)];
            let worth = chance * cost >= expected;
            expected += chance;
            cost += 1.0;
            worth
        };
        let worth = (0..tokens.len()).take_while(is_worth).count();
        Guess {
            tokens,
            worth,
            matched,
        }
    }

    /// Learns from what was written where `guess` had been made.
    pub(super) fn learn(&mut self, guess: &Guess, written: &[u32]) {
        for (ahead, (guessed, token)) in guess.tokens.iter().zip(written).enumerate() {
            let right = guessed == token;
            let rate = &mut self.right[level(guess.matched + ahead)];
            *rate += MEMORY * (f32::from(u8::from(right)) - *rate);
            if !right {
                break;
            }
        }
    }
}

/// After which earlier place the longest run of the last tokens stands, and how long it is; of equals the last.
fn last_stood(ids: &[u32]) -> Option<(usize, usize)> {
    let last = *ids.last()?;
    let mut best: Option<(usize, usize)> = None;
    for at in (1..ids.len()).rev() {
        if ids[at - 1] != last {
            continue;
        }
        let before = ids[..at].iter().rev().zip(ids.iter().rev());
        let matched = before.take(LONGEST_MATCH).take_while(|(a, b)| a == b).count();
        if best.is_none_or(|(_, most)| matched > most) {
            best = Some((at, matched));
        }
        if matched == LONGEST_MATCH {
            break;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_match_is_continued_and_of_equals_the_last() {
        let ids = [1, 2, 3, 4, 9, 2, 3, 5, 8, 3, 6, 7, 1, 2, 3];
        assert_eq!(last_stood(&ids), Some((3, 3)));
        assert_eq!(last_stood(&[7, 3, 1, 3, 2, 3]), Some((4, 1)));
        assert_eq!(last_stood(&[1, 2, 3]), None);
        assert_eq!(last_stood(&[]), None);
        let guess = Lookup::new().guess(&ids, 3, 1);
        assert_eq!(guess.tokens, [4, 9, 2]);
    }

    #[test]
    fn guesses_that_fail_are_made_no_more_and_come_back_when_they_would_hold() {
        let ids = [5, 6, 7, 8, 5, 6];
        let mut lookup = Lookup::new();
        let worth = |lookup: &Lookup| lookup.guess(&ids, 12, 1).worth;
        assert!(worth(&lookup) > 0);
        for _ in 0..60 {
            lookup.learn(&lookup.guess(&ids, 12, 1), &[1]);
        }
        assert_eq!(worth(&lookup), 0);
        for _ in 0..60 {
            lookup.learn(&lookup.guess(&ids, 12, 1), &[7]);
        }
        assert!(worth(&lookup) > 0);
    }

    #[test]
    fn a_full_step_guesses_less() {
        let ids: Vec<u32> = (0..40).chain(0..20).collect();
        let lookup = Lookup::new();
        let worth = |rows| lookup.guess(&ids, 12, rows).worth;
        assert!(
            worth(1) > worth(6) && worth(6) > worth(64),
            "{} {} {}",
            worth(1),
            worth(6),
            worth(64)
        );
        assert_eq!(worth(64), 0);
        assert!(lookup.guess(&ids, 2, 1).worth <= 2);
    }
}
