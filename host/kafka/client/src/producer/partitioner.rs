//! Which partition a record goes to, where nobody has said it.

use super::murmur2::partition_of;

/// How partitions are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Partitioner {
    /// Records with a key go where Java's producers send them; those without stay in one partition for a batch.
    Murmur2,
    /// One partition after the other, whatever the key.
    RoundRobin,
    /// The partition for which the fewest records wait, whatever the key.
    LeastBackup,
    /// Each record says it itself.
    Manual,
    /// One partition for so many bytes, then another.
    UniformBytes {
        bytes: usize,
        /// Partitions for which less waits are chosen more often.
        adaptive: bool,
        /// Records with a key go as with `Murmur2`.
        keys: bool,
    },
}

/// What a partitioner remembers of one topic.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    sticky: Option<usize>,
    next: usize,
    /// Bytes that the sticky partition has got.
    bytes: usize,
}

/// A record, as far as it matters.
pub(super) struct Choice<'a> {
    pub key: Option<&'a [u8]>,
    /// What it takes in a batch.
    pub bytes: usize,
    /// For each partition how many records wait.
    pub waiting: &'a dyn Fn(usize) -> usize,
    pub partitions: usize,
    /// Something that is left to chance.
    pub random: &'a dyn Fn() -> u64,
}

impl Partitioner {
    /// The index of the partition that a key says, whatever else there is; none where it says nothing.
    pub(super) fn by_key(&self, key: Option<&[u8]>, partitions: usize) -> Option<usize> {
        let counts = match self {
            Self::Murmur2 => true,
            Self::UniformBytes { keys, .. } => *keys,
            Self::RoundRobin | Self::LeastBackup | Self::Manual => false,
        };
        key.filter(|_| counts && partitions > 0).map(|key| partition_of(key, partitions))
    }

    /// The index of the partition; none where the record should have said it.
    pub(super) fn pick(&self, chosen: &mut Chosen, choice: &Choice<'_>) -> Option<usize> {
        if choice.partitions == 0 {
            return None;
        }
        if let Some(said) = self.by_key(choice.key, choice.partitions) {
            return Some(said);
        }
        match self {
            Self::Manual => None,
            Self::Murmur2 => Some(chosen.stay(choice)),
            Self::RoundRobin => {
                let next = chosen.next % choice.partitions;
                chosen.next = next + 1;
                Some(next)
            }
            Self::LeastBackup => Some(chosen.least(choice)),
            Self::UniformBytes { bytes, adaptive, .. } => {
                if chosen.bytes + choice.bytes > *bytes {
                    chosen.sticky = None;
                }
                if chosen.sticky.is_none_or(|sticky| sticky >= choice.partitions) {
                    let next = if *adaptive { spread(choice) } else { other(chosen.next, choice) };
                    (chosen.sticky, chosen.next, chosen.bytes) = (Some(next), next, 0);
                }
                chosen.bytes += choice.bytes;
                chosen.sticky
            }
        }
    }
}

impl Chosen {
    /// The partition of the last records without a key, until [`Chosen::batch_ended`].
    fn stay(&mut self, choice: &Choice<'_>) -> usize {
        if let Some(sticky) = self.sticky.filter(|sticky| *sticky < choice.partitions) {
            return sticky;
        }
        let next = other(self.next, choice);
        (self.sticky, self.next) = (Some(next), next);
        next
    }

    /// The one for which the fewest records wait; of several that which comes next.
    fn least(&mut self, choice: &Choice<'_>) -> usize {
        let from = self.next % choice.partitions;
        let all = (from..choice.partitions).chain(0..from);
        let least = all.min_by_key(|partition| (choice.waiting)(*partition)).unwrap_or(0);
        self.next = least;
        least
    }

    /// A batch for this partition has been closed: the next records without a key go elsewhere.
    pub(super) fn batch_ended(&mut self, partition: usize, partitioner: &Partitioner) {
        if *partitioner == Partitioner::Murmur2 && self.sticky == Some(partition) {
            self.sticky = None;
        }
    }
}

/// Any partition but the last one, if there is another.
fn other(last: usize, choice: &Choice<'_>) -> usize {
    let index = |most: usize| usize::try_from((choice.random)() % most.max(1) as u64).unwrap_or(0);
    if choice.partitions == 1 || last >= choice.partitions {
        return index(choice.partitions);
    }
    let next = index(choice.partitions - 1);
    if next >= last { next + 1 } else { next }
}

/// Any partition, those for which little waits more often.
fn spread(choice: &Choice<'_>) -> usize {
    let most = (0..choice.partitions).map(|partition| (choice.waiting)(partition)).max().unwrap_or(0);
    let weight = |partition: usize| (most - (choice.waiting)(partition).min(most) + 1) as u64;
    let all: u64 = (0..choice.partitions).map(weight).sum();
    let mut place = (choice.random)() % all.max(1);
    for partition in 0..choice.partitions {
        let weight = weight(partition);
        if place < weight {
            return partition;
        }
        place -= weight;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is picked of four partitions.
    fn pick(
        (partitioner, chosen): (&Partitioner, &mut Chosen),
        key: Option<&[u8]>,
        waiting: &dyn Fn(usize) -> usize,
        random: u64,
    ) -> Option<usize> {
        let choice = Choice { key, bytes: 100, waiting, partitions: 4, random: &|| random };
        partitioner.pick(chosen, &choice)
    }

    fn none_wait(_: usize) -> usize {
        0
    }

    #[test]
    fn keys_go_where_java_sends_them_and_others_stay_for_a_batch() {
        let (partitioner, mut chosen) = (Partitioner::Murmur2, Chosen::default());
        // murmur2("foobar") & 0x7fffffff = 1357151166.
        assert_eq!(pick((&partitioner, &mut chosen), Some(b"foobar"), &none_wait, 0), Some(2));
        let any =
            |chosen: &mut Chosen, random| pick((&partitioner, chosen), None, &none_wait, random).unwrap();
        let first = any(&mut chosen, 7);
        assert_eq!([any(&mut chosen, 8), any(&mut chosen, 9)], [first, first]);
        chosen.batch_ended(first, &Partitioner::Murmur2);
        assert!((0..20).all(|random| {
            chosen.batch_ended(chosen.sticky.unwrap_or(0), &Partitioner::Murmur2);
            let before = chosen.next;
            any(&mut chosen, random) != before
        }));
    }

    #[test]
    fn round_robin_and_least_backup_ignore_keys() {
        let mut chosen = Chosen::default();
        let mut next = || pick((&Partitioner::RoundRobin, &mut chosen), Some(b"a"), &none_wait, 0).unwrap();
        assert_eq!([next(), next(), next(), next(), next()], [0, 1, 2, 3, 0]);
        let waiting = |partition: usize| [3, 1, 0, 2][partition];
        let mut chosen = Chosen::default();
        assert_eq!(pick((&Partitioner::LeastBackup, &mut chosen), Some(b"a"), &waiting, 0), Some(2));
        assert_eq!(pick((&Partitioner::Manual, &mut chosen), Some(b"a"), &waiting, 0), None);
    }

    #[test]
    fn uniform_bytes_change_the_partition_when_they_are_full() {
        let partitioner = Partitioner::UniformBytes { bytes: 250, adaptive: false, keys: false };
        let mut chosen = Chosen::default();
        let picked: Vec<_> = (0..6)
            .map(|random| pick((&partitioner, &mut chosen), Some(b"k"), &none_wait, random).unwrap())
            .collect();
        assert_eq!((picked[0], picked[2], picked[4]), (picked[1], picked[3], picked[5]));
        assert!(picked[1] != picked[2] && picked[3] != picked[4]);
        let keyed = Partitioner::UniformBytes { bytes: 250, adaptive: true, keys: true };
        assert_eq!(pick((&keyed, &mut chosen), Some(b"foobar"), &none_wait, 1), Some(2));
    }

    #[test]
    fn adaptive_bytes_prefer_partitions_for_which_little_waits() {
        let waiting = |partition: usize| if partition == 1 { 0 } else { 1_000 };
        let adaptive = Partitioner::UniformBytes { bytes: 1, adaptive: true, keys: false };
        let first = |random| pick((&adaptive, &mut Chosen::default()), None, &waiting, random);
        let picks = (0..1_004).filter(|random| first(*random) == Some(1)).count();
        assert_eq!(picks, 1_001);
    }
}
