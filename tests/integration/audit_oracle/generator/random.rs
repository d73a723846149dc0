//! A small generator of pseudo-random numbers: the same seed gives the same accounts on every machine.

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(0x9E37_79B9_7F4A_7C15))
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(limit).unwrap()).unwrap()
    }

    /// Whether something happens that has this probability.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// Between one and `most` elements, each at most once, in their order.
    pub fn pick_some<T: Clone>(&mut self, list: &[T], most: usize) -> Vec<T> {
        let mut left: Vec<T> = list.to_vec();
        let count = 1 + self.below(most.min(list.len()));
        while left.len() > count {
            left.remove(self.below(left.len()));
        }
        left
    }
}
