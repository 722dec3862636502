//! Pattern-defeating quicksort, comparison by comparison as Go's `sort.Slice` does it.
//!
//! The order of equal elements is not defined, but it is always the same, and pipelines have come to show it. A test
//! that fails ends the sorting; one that contradicts itself gives some order.

use crate::failure::Failure;

/// Up to this many elements are sorted by insertion.
const SMALL: usize = 12;
/// From this many on the pivot is chosen with more care, and a few elements out of place are moved.
const LARGE: usize = 50;
/// So many exchanges while a pivot is chosen mean that all candidates were in descending order.
const ALL_EXCHANGED: usize = 12;
/// So many elements out of place are moved before that is given up.
const MOVES: usize = 5;

/// Sorts by a test of whether the first index belongs before the second.
pub(super) fn sort<T>(
    items: &mut [T],
    before: impl FnMut(&mut [T], usize, usize) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let length = items.len();
    let limit = usize::BITS - length.leading_zeros();
    Sorter { items, before }.range(0, length, limit)
}

struct Sorter<'t, T, F> {
    items: &'t mut [T],
    before: F,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hint {
    Unknown,
    Ascending,
    Descending,
}

impl<T, F: FnMut(&mut [T], usize, usize) -> Result<bool, Failure>> Sorter<'_, T, F> {
    fn less(&mut self, left: usize, right: usize) -> Result<bool, Failure> {
        (self.before)(self.items, left, right)
    }

    fn swap(&mut self, left: usize, right: usize) {
        self.items.swap(left, right);
    }

    fn range(&mut self, start: usize, end: usize, limit: u32) -> Result<(), Failure> {
        let (mut start, mut end, mut limit) = (start, end, limit);
        let (mut balanced, mut partitioned) = (true, true);
        loop {
            let length = end - start;
            if length <= SMALL {
                return self.insertion(start, end);
            }
            if limit == 0 {
                return self.heap(start, end);
            }
            if !balanced {
                self.break_patterns(start, end);
                limit -= 1;
            }
            let (mut pivot, mut hint) = self.choose_pivot(start, end)?;
            if hint == Hint::Descending {
                self.items[start..end].reverse();
                pivot = end - 1 - (pivot - start);
                hint = Hint::Ascending;
            }
            if balanced && partitioned && hint == Hint::Ascending && self.nearly_sorted(start, end)? {
                return Ok(());
            }
            // The element before is a bound: when it is not less than the pivot, everything equal to that is in place.
            if start > 0 && !self.less(start - 1, pivot)? {
                start = self.partition_equal(start, end, pivot)?;
                continue;
            }
            let (middle, already) = self.partition(start, end, pivot)?;
            partitioned = already;
            let (left, right) = (middle - start, end - middle);
            if left < right {
                balanced = left >= length / 8;
                self.range(start, middle, limit)?;
                start = middle + 1;
            } else {
                balanced = right >= length / 8;
                self.range(middle + 1, end, limit)?;
                end = middle;
            }
        }
    }

    fn insertion(&mut self, start: usize, end: usize) -> Result<(), Failure> {
        for next in start + 1..end {
            let mut at = next;
            while at > start && self.less(at, at - 1)? {
                self.swap(at, at - 1);
                at -= 1;
            }
        }
        Ok(())
    }

    fn heap(&mut self, start: usize, end: usize) -> Result<(), Failure> {
        let length = end - start;
        for root in (0..=(length - 1) / 2).rev() {
            self.sift_down(root, length, start)?;
        }
        for last in (0..length).rev() {
            self.swap(start, start + last);
            self.sift_down(0, last, start)?;
        }
        Ok(())
    }

    fn sift_down(&mut self, root: usize, length: usize, first: usize) -> Result<(), Failure> {
        let mut root = root;
        loop {
            let mut child = 2 * root + 1;
            if child >= length {
                return Ok(());
            }
            if child + 1 < length && self.less(first + child, first + child + 1)? {
                child += 1;
            }
            if !self.less(first + root, first + child)? {
                return Ok(());
            }
            self.swap(first + root, first + child);
            root = child;
        }
    }

    fn partition(&mut self, start: usize, end: usize, pivot: usize) -> Result<(usize, bool), Failure> {
        self.swap(start, pivot);
        let (mut low, mut high) = (start + 1, end - 1);
        let mut already = true;
        loop {
            while low <= high && self.less(low, start)? {
                low += 1;
            }
            while low <= high && !self.less(high, start)? {
                high -= 1;
            }
            if low > high {
                self.swap(high, start);
                return Ok((high, already));
            }
            already = false;
            self.swap(low, high);
            low += 1;
            high -= 1;
        }
    }

    /// Puts what equals the pivot in front; the rest is greater.
    fn partition_equal(&mut self, start: usize, end: usize, pivot: usize) -> Result<usize, Failure> {
        self.swap(start, pivot);
        let (mut low, mut high) = (start + 1, end - 1);
        loop {
            while low <= high && !self.less(start, low)? {
                low += 1;
            }
            while low <= high && self.less(start, high)? {
                high -= 1;
            }
            if low > high {
                return Ok(low);
            }
            self.swap(low, high);
            low += 1;
            high -= 1;
        }
    }

    /// Moves a few elements that are out of place; true when everything is sorted then.
    fn nearly_sorted(&mut self, start: usize, end: usize) -> Result<bool, Failure> {
        let mut at = start + 1;
        for _ in 0..MOVES {
            while at < end && !self.less(at, at - 1)? {
                at += 1;
            }
            if at == end {
                return Ok(true);
            }
            if end - start < LARGE {
                return Ok(false);
            }
            self.swap(at, at - 1);
            if at - start >= 2 {
                let mut back = at - 1;
                while back >= 1 && self.less(back, back - 1)? {
                    self.swap(back, back - 1);
                    back -= 1;
                }
            }
            if end - at >= 2 {
                let mut on = at + 1;
                while on < end && self.less(on, on - 1)? {
                    self.swap(on, on - 1);
                    on += 1;
                }
            }
        }
        Ok(false)
    }

    /// Exchanges three elements in the middle with others, which a sequence seeded with the length picks.
    fn break_patterns(&mut self, start: usize, end: usize) {
        let length = end - start;
        let mut random = length as u64;
        let mask = (1_usize << (usize::BITS - length.leading_zeros())) - 1;
        let middle = start + length / 4 * 2;
        for index in middle - 1..=middle + 1 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            #[expect(clippy::cast_possible_truncation, reason = "only the low bits are used")]
            let mut other = random as usize & mask;
            if other >= length {
                other -= length;
            }
            self.swap(index, start + other);
        }
    }

    fn choose_pivot(&mut self, start: usize, end: usize) -> Result<(usize, Hint), Failure> {
        let quarter = (end - start) / 4;
        let mut candidates = [start + quarter, start + quarter * 2, start + quarter * 3];
        let mut exchanged = 0;
        if end - start >= LARGE {
            for candidate in &mut candidates {
                let near = [*candidate - 1, *candidate, *candidate + 1];
                *candidate = self.median(near, &mut exchanged)?;
            }
        }
        let pivot = self.median(candidates, &mut exchanged)?;
        let hint = match exchanged {
            0 => Hint::Ascending,
            ALL_EXCHANGED => Hint::Descending,
            _ => Hint::Unknown,
        };
        Ok((pivot, hint))
    }

    fn median(&mut self, [a, b, c]: [usize; 3], exchanged: &mut usize) -> Result<usize, Failure> {
        let (a, b) = self.ordered(a, b, exchanged)?;
        let (b, _) = self.ordered(b, c, exchanged)?;
        let (_, b) = self.ordered(a, b, exchanged)?;
        Ok(b)
    }

    fn ordered(&mut self, a: usize, b: usize, exchanged: &mut usize) -> Result<(usize, usize), Failure> {
        if self.less(b, a)? {
            *exchanged += 1;
            return Ok((b, a));
        }
        Ok((a, b))
    }
}

#[cfg(test)]
mod tests {
    use super::sort;

    fn sorted(mut items: Vec<u32>) -> Vec<u32> {
        sort(&mut items, |items, left, right| Ok(items[left] < items[right]))
            .expect("the test does not fail");
        items
    }

    #[test]
    fn everything_is_sorted_whatever_it_looked_like() {
        let mut random = 7_u32;
        for length in [0, 1, 2, 12, 13, 49, 50, 51, 500, 3_000] {
            let mut noise = || {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                random >> 20
            };
            let shapes: [Vec<u32>; 5] = [
                (0..length).collect(),
                (0..length).rev().collect(),
                (0..length).map(|_| noise()).collect(),
                (0..length).map(|index| index % 3).collect(),
                (0..length).map(|index| if index % 17 == 0 { 0 } else { index }).collect(),
            ];
            for shape in shapes {
                let mut expected = shape.clone();
                expected.sort_unstable();
                assert_eq!(sorted(shape), expected);
            }
        }
    }

    #[test]
    fn a_test_that_contradicts_itself_ends() {
        for answer in [true, false] {
            let mut items: Vec<u32> = (0..1_000).collect();
            sort(&mut items, |_, _, _| Ok(answer)).expect("the test does not fail");
            assert_eq!(items.len(), 1_000);
        }
    }
}
