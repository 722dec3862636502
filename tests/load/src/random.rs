/// Numbers that follow from a seed: SplitMix64.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    fn step(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to before `most`, which is at least 1.
    pub fn below(&mut self, most: u64) -> u64 {
        self.step() % most.max(1)
    }

    /// The same for what is counted.
    pub fn index(&mut self, most: usize) -> usize {
        usize::try_from(self.below(u64::try_from(most).unwrap_or(u64::MAX))).unwrap_or_default()
    }
}
