//! The checksum CRC-32 with three polynomials.

/// A polynomial, its bits reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Polynomial {
    Ieee,
    Castagnoli,
    Koopman,
}

static IEEE: [u32; 256] = table(0xedb8_8320);
static CASTAGNOLI: [u32; 256] = table(0x82f6_3b78);
static KOOPMAN: [u32; 256] = table(0xeb31_d82e);

const fn table(polynomial: u32) -> [u32; 256] {
    let mut table = [0; 256];
    let mut remainder: u32 = 0;
    let mut index = 0;
    while index < 256 {
        let mut value = remainder;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ polynomial } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        remainder += 1;
        index += 1;
    }
    table
}

impl Polynomial {
    /// # Errors
    /// There is none of that name.
    pub(crate) fn find(name: &str) -> Result<Self, String> {
        match name {
            "IEEE" => Ok(Self::Ieee),
            "Castagnoli" => Ok(Self::Castagnoli),
            "Koopman" => Ok(Self::Koopman),
            other => Err(format!("unsupported crc32 hash key {}", crate::value::quoted(other))),
        }
    }

    pub(crate) fn checksum(self, bytes: &[u8]) -> u32 {
        let table = match self {
            Self::Ieee => &IEEE,
            Self::Castagnoli => &CASTAGNOLI,
            Self::Koopman => &KOOPMAN,
        };
        let step = |sum: u32, byte: &u8| {
            let [low, ..] = sum.to_le_bytes();
            (sum >> 8) ^ table[usize::from(low ^ byte)]
        };
        !bytes.iter().fold(!0, step)
    }
}
