//! A small pseudo-random number generator: the same seed gives the same accounts on every machine.

/// The generator SplitMix64.
pub struct Random(u64);

impl Random {
    /// Starts at a seed.
    pub fn from_seed(seed: u64) -> Random {
        Random(seed)
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Draws a number of a range, both ends included.
    pub fn draw_between(&mut self, least: usize, most: usize) -> usize {
        let span = u64::try_from(most - least + 1).unwrap();
        least + usize::try_from(self.draw() % span).unwrap()
    }

    /// Draws whether something happens that has this probability.
    pub fn draw_chance(&mut self, percent: usize) -> bool {
        self.draw_between(1, 100) <= percent
    }

    /// Draws one element of a list.
    pub fn choose<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.draw_between(0, list.len() - 1)]
    }

    /// Draws one of several JSON texts and parses it.
    pub fn choose_json(&mut self, texts: &[&str]) -> serde_json::Value {
        serde_json::from_str(texts[self.draw_between(0, texts.len() - 1)]).unwrap()
    }

    /// Draws some elements of a list, at least one and each at most once, in the order of the list.
    pub fn choose_some<T: Clone>(&mut self, list: &[T], most: usize) -> Vec<T> {
        let mut positions: Vec<usize> = (0..list.len()).collect();
        let count = self.draw_between(1, most.min(list.len()));
        while positions.len() > count {
            positions.remove(self.draw_between(0, positions.len() - 1));
        }
        positions.iter().map(|position| list[*position].clone()).collect()
    }
}
