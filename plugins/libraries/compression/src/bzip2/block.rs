//! One block: codes, moves to the front, the transform of Burrows and Wheeler, and runs.

use super::broken;
use super::input::{Bits, Codes};
use crate::output::Output;

/// So many symbols have the same codes.
const STRETCH: usize = 50;
const LONGEST_RUN: usize = 2 * 1024 * 1024;

/// Appends what a block holds.
pub(super) fn read(bits: &mut Bits<'_>, size: usize, out: &mut Output<'_>) -> Result<(), String> {
    if bits.bit()? {
        return Err(broken("deprecated randomized files"));
    }
    let origin = bits.small(24)?;
    let mut front = letters(bits)?;
    if front.is_empty() {
        return Err(broken("no symbols in input"));
    }
    let trees = bits.small(3)?;
    if !(2..=6).contains(&trees) {
        return Err(broken("invalid number of Huffman trees"));
    }
    let selectors = selectors(bits, trees)?;
    let symbols = front.len() + 2;
    let codes: Vec<Codes> = (0..trees).map(|_| lengths(bits, symbols)).collect::<Result<_, _>>()?;
    if selectors.is_empty() {
        return Err(broken("no tree selectors given"));
    }
    let mut selectors = selectors.into_iter();
    let mut codes_now = selectors.next().and_then(|tree| codes.get(tree));
    let mut decoded = 0;
    let (mut run, mut power) = (0, 0);
    let mut block = Vec::new();
    loop {
        if decoded == STRETCH {
            let next = selectors.next();
            let next = next.ok_or_else(|| broken("insufficient selector indices for number of symbols"))?;
            codes_now = codes.get(next);
            decoded = 0;
        }
        let symbol = codes_now.ok_or_else(|| broken("tree selector out of range"))?.symbol(bits)?;
        decoded += 1;
        if symbol < 2 {
            if run == 0 {
                power = 1;
            }
            run += power << symbol;
            power <<= 1;
            if run > LONGEST_RUN {
                return Err(broken("repeat count too large"));
            }
            continue;
        }
        if run > 0 {
            if run > size - block.len() {
                return Err(broken("repeats past end of block"));
            }
            block.resize(block.len() + run, front.first().copied().unwrap_or_default());
            run = 0;
        }
        if symbol == symbols - 1 {
            break;
        }
        let place = symbol - 1;
        if place >= front.len() {
            return Err(broken("invalid symbol"));
        }
        let letter = front.remove(place);
        front.insert(0, letter);
        if block.len() >= size {
            return Err(broken("data exceeds block size"));
        }
        block.push(letter);
    }
    if origin >= block.len() {
        return Err(broken("origPtr out of bounds"));
    }
    runs(&block, origin, out)
}

/// The letters that occur, in order.
fn letters(bits: &mut Bits<'_>) -> Result<Vec<u8>, String> {
    let groups = bits.small(16)?;
    let mut letters = Vec::new();
    for group in 0..16 {
        if groups >> (15 - group) & 1 == 1 {
            let present = bits.small(16)?;
            let here = (0..16).filter(|letter| present >> (15 - letter) & 1 == 1);
            letters.extend(here.filter_map(|letter| u8::try_from(group * 16 + letter).ok()));
        }
    }
    Ok(letters)
}

/// Which codes each stretch of symbols has.
fn selectors(bits: &mut Bits<'_>, trees: usize) -> Result<Vec<usize>, String> {
    let count = bits.small(15)?;
    let mut front: Vec<usize> = (0..trees).collect();
    let mut selectors = Vec::with_capacity(count);
    for _ in 0..count {
        let mut place = 0;
        while bits.bit()? {
            place += 1;
        }
        if place >= trees {
            return Err(broken("tree index too large"));
        }
        let tree = front.remove(place);
        front.insert(0, tree);
        selectors.push(tree);
    }
    Ok(selectors)
}

fn lengths(bits: &mut Bits<'_>, symbols: usize) -> Result<Codes, String> {
    let mut length = bits.small(5)?;
    let mut lengths = Vec::with_capacity(symbols);
    for _ in 0..symbols {
        loop {
            if !(1..=20).contains(&length) {
                return Err(broken("Huffman length out of range"));
            }
            if !bits.bit()? {
                break;
            }
            length = if bits.bit()? { length - 1 } else { length + 1 };
        }
        lengths.push(length);
    }
    Ok(Codes::new(&lengths))
}

/// Undoes the transform, and then the runs: after four of the same letter comes a count of more.
fn runs(block: &[u8], origin: usize, out: &mut Output<'_>) -> Result<(), String> {
    let mut starts = [0_usize; 256];
    block.iter().for_each(|letter| starts[usize::from(*letter)] += 1);
    let mut sum = 0;
    for start in &mut starts {
        sum += std::mem::replace(start, sum);
    }
    let mut next = vec![0_usize; block.len()];
    for (at, letter) in block.iter().enumerate() {
        let start = &mut starts[usize::from(*letter)];
        if let Some(slot) = next.get_mut(*start) {
            *slot = at;
        }
        *start += 1;
    }
    let mut at = next.get(origin).copied().unwrap_or_default();
    let (mut last, mut same) = (None, 0);
    for _ in 0..block.len() {
        let letter = block.get(at).copied().unwrap_or_default();
        at = next.get(at).copied().unwrap_or_default();
        if same == 4 {
            let count = usize::from(letter);
            out.room(count)?;
            out.bytes.resize(out.bytes.len() + count, last.unwrap_or_default());
            (last, same) = (None, 0);
            continue;
        }
        same = if last == Some(letter) { same + 1 } else { 1 };
        last = Some(letter);
        out.room(1)?;
        out.bytes.push(letter);
    }
    Ok(())
}
