//! Interned texts: each distinct text once, named by a number.

use std::num::NonZeroU32;

/// A text of one [`Texts`]. Equal numbers are equal texts; their order means nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Text(NonZeroU32);

impl Text {
    const fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// A table of distinct texts in one buffer.
#[derive(Clone, Default, Debug)]
pub struct Texts {
    buffer: String,
    /// Where each text ends; it begins where the one before ends.
    ends: Vec<u32>,
    /// Open addressing, a power of two; 0 is empty. Never walked, so its order is not seen.
    slots: Vec<u32>,
}

/// Slots of the smallest table.
const FEWEST_SLOTS: usize = 64;

impl Texts {
    /// The number of `text`, a new one if it was not there.
    ///
    /// # Panics
    /// Beyond 4 GiB of distinct texts.
    pub fn intern(&mut self, text: &str) -> Text {
        if self.slots.len() < (self.ends.len() + 1) * 2 {
            self.grow();
        }
        let slot = match self.find(text) {
            Ok(found) => return found,
            Err(slot) => slot,
        };
        self.buffer.push_str(text);
        self.ends.push(u32::try_from(self.buffer.len()).expect("less than 4 GiB of texts"));
        let number = NonZeroU32::new(self.ends.len() as u32).expect("one was pushed");
        self.slots[slot] = number.get();
        Text(number)
    }

    /// The text behind a number of this table.
    pub fn get(&self, text: Text) -> &str {
        let index = text.index();
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.buffer[start..self.ends[index] as usize]
    }

    /// Where `text` is, or the slot where it would go.
    fn find(&self, text: &str) -> Result<Text, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = hash(text) as usize & mask;
        while let Some(number) = NonZeroU32::new(self.slots[slot]) {
            if self.get(Text(number)) == text {
                return Ok(Text(number));
            }
            slot = (slot + 1) & mask;
        }
        Err(slot)
    }

    fn grow(&mut self) {
        self.slots = vec![0; (self.slots.len() * 2).max(FEWEST_SLOTS)];
        let mask = self.slots.len() - 1;
        for number in 1..=self.ends.len() as u32 {
            let Some(text) = NonZeroU32::new(number).map(Text) else { continue };
            let mut slot = hash(self.get(text)) as usize & mask;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = number;
        }
    }
}

/// A fixed, fast hash; eight bytes a step, mixed as SplitMix64 mixes.
fn hash(text: &str) -> u64 {
    let mut state = text.len() as u64;
    for chunk in text.as_bytes().chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state = (state ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        state ^= state >> 29;
    }
    state ^ (state >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number_and_comes_back() {
        let mut texts = Texts::default();
        let words: Vec<String> = (0..5000).map(|n| format!("rsc{n}_start_0")).collect();
        let numbers: Vec<Text> = words.iter().map(|word| texts.intern(word)).collect();
        assert_eq!(words.iter().map(|word| texts.intern(word)).collect::<Vec<_>>(), numbers);
        assert!(words.iter().zip(&numbers).all(|(word, number)| texts.get(*number) == word));
    }

    #[test]
    fn the_empty_text_is_a_text() {
        let mut texts = Texts::default();
        let empty = texts.intern("");
        assert_eq!(texts.intern(""), empty);
        assert_eq!(texts.get(empty), "");
    }
}
