use crate::random::Random;

/// Makes other inputs of those that there are.
#[derive(Debug, Clone)]
pub struct Mutator {
    random: Random,
}

/// No input gets longer.
const LONGEST: usize = 8 << 10;
/// Changes that are made at once, at most.
const MOST_CHANGES: u64 = 5;

/// What counts and lengths are when somebody means harm: large ones of every width, -1, 0, and varints.
const NUMBERS: [&[u8]; 16] = [
    &[0x7f, 0xff, 0xff, 0xff],
    &[0x80, 0, 0, 0],
    &[0xff, 0xff, 0xff, 0xff],
    &[0xff, 0xff, 0xff, 0xfe],
    &[0, 0, 0, 0],
    &[0, 0, 0, 1],
    &[0, 0xff, 0xff, 0xff],
    &[0x7f, 0xff],
    &[0xff, 0xff],
    &[0, 0],
    &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0x80, 0x80, 0x80, 0x80, 0x08],
    &[0xff, 0x7f],
    &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
];

impl Mutator {
    #[must_use]
    pub fn new(random: Random) -> Self {
        Self { random }
    }

    /// One of the inputs, changed.
    pub fn changed(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.pick(inputs);
        for _ in 0..=self.random.below(MOST_CHANGES) {
            self.change(&mut input, inputs);
        }
        input.truncate(LONGEST);
        input
    }

    fn pick(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let at = self.random.index(inputs.len());
        inputs.get(at).cloned().unwrap_or_default()
    }

    fn change(&mut self, input: &mut Vec<u8>, inputs: &[Vec<u8>]) {
        let at = self.random.index(input.len() + 1);
        let to = at + self.random.index((input.len() - at).min(40) + 1);
        match self.random.below(9) {
            0 => self.at(input, at, |byte, random| *byte ^= 1 << random.below(8)),
            1 => self.at(input, at, |byte, random| *byte = some_byte(random)),
            // A number instead of what is there, or in front of it.
            2 | 3 => {
                let number = NUMBERS.get(self.random.index(NUMBERS.len())).copied().unwrap_or_default();
                let end = if self.random.below(2) == 0 { at } else { (at + number.len()).min(input.len()) };
                drop(input.splice(at..end, number.iter().copied()));
            }
            // A byte that is one more or less.
            4 => self.at(input, at, |byte, random| {
                *byte = if random.below(2) == 0 { byte.wrapping_add(1) } else { byte.wrapping_sub(1) };
            }),
            5 => drop(input.drain(at..to)),
            6 => {
                let again: Vec<u8> = input.get(at..to).unwrap_or_default().to_vec();
                drop(input.splice(at..at, again));
            }
            7 => input.truncate(at),
            // Goes on as another one does.
            _ => {
                let other = self.pick(inputs);
                let from = self.random.index(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(other.get(from..).unwrap_or_default());
            }
        }
    }

    fn at(&mut self, input: &mut [u8], at: usize, change: impl FnOnce(&mut u8, &mut Random)) {
        if let Some(byte) = input.get_mut(at) {
            change(byte, &mut self.random);
        }
    }
}

/// Zeroes and ones are what makes bytes look like something.
fn some_byte(random: &mut Random) -> u8 {
    match random.below(4) {
        0 => 0,
        1 => 1,
        _ => u8::try_from(random.below(256)).unwrap_or_default(),
    }
}
