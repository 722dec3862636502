//! RSA signatures with the padding of PKCS #1 v1.5. The arithmetic on secrets takes the same time whatever they are.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, ConcatenatingMul as _, Odd, Resize as _};

use super::algorithm::Hash;

/// The longest modulus in bits, beyond what anybody uses.
const LONGEST: u32 = 16384;
const SHORTEST: u32 = 1024;

#[derive(Debug)]
pub(crate) struct PublicNumbers {
    modulus: Odd<BoxedUint>,
    exponent: BoxedUint,
}

pub(crate) struct PrivateNumbers {
    public: PublicNumbers,
    exponent: BoxedUint,
    factors: Option<Factors>,
}

/// The factors of the modulus, and what one can know beforehand with them.
struct Factors {
    first: Odd<BoxedUint>,
    second: Odd<BoxedUint>,
    /// The private exponent for each factor.
    exponents: [BoxedUint; 2],
    /// The inverse of the second factor.
    inverse: BoxedUint,
}

impl std::fmt::Debug for PrivateNumbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrivateNumbers").field("public", &self.public).finish_non_exhaustive()
    }
}

fn number(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(bytes)
}

fn odd(bytes: &[u8]) -> Option<Odd<BoxedUint>> {
    number(bytes).to_odd().into_option()
}

impl PublicNumbers {
    pub(super) fn new(modulus: &[u8], exponent: i64) -> Result<Self, String> {
        let modulus = odd(modulus).ok_or("crypto/rsa: modulus is even")?;
        if modulus.bits_vartime() > LONGEST {
            return Err(format!("crypto/rsa: modulus is longer than {LONGEST} bits"));
        }
        let exponent = u64::try_from(exponent).map_err(|_| "crypto/rsa: public exponent too small")?;
        Ok(Self { modulus, exponent: BoxedUint::from(exponent) })
    }

    /// How many bytes a signature has.
    ///
    /// # Errors
    /// The key is too short to be of use.
    fn size(&self) -> Result<usize, String> {
        let bits = self.modulus.bits_vartime();
        if bits < SHORTEST {
            return Err(format!(
                "crypto/rsa: {bits}-bit keys are insecure (see \
                 https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)"
            ));
        }
        usize::try_from(bits.div_ceil(8)).map_err(|error| error.to_string())
    }

    /// # Errors
    /// The signature is not that of the text.
    pub(super) fn verify(&self, hash: Hash, text: &[u8], signature: &[u8]) -> Result<(), String> {
        let wrong = || "crypto/rsa: verification error".to_owned();
        let size = self.size()?;
        let padded = padded(hash, text, size).ok_or_else(wrong)?;
        let signature = Some(signature).filter(|signature| signature.len() == size).ok_or_else(wrong)?;
        if self.apply(signature) == Some(padded) { Ok(()) } else { Err(wrong()) }
    }

    /// The bytes to the power of the public exponent.
    fn apply(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let base = BoxedUint::from_be_slice(bytes, self.modulus.bits_precision()).ok()?;
        if base >= *self.modulus {
            return None;
        }
        let params = BoxedMontyParams::new_vartime(self.modulus.clone());
        let power = BoxedMontyForm::new(base, &params).pow(&self.exponent);
        Some(sized(&power.retrieve(), bytes.len()))
    }
}

impl PrivateNumbers {
    /// `factors` are p, q, dP, dQ and qInv.
    pub(super) fn new(
        modulus: &[u8],
        exponent: i64,
        private: &[u8],
        factors: Option<[&[u8]; 5]>,
    ) -> Result<Self, String> {
        let public = PublicNumbers::new(modulus, exponent)?;
        let factors = factors.and_then(|[first, second, dp, dq, inverse]| {
            let (first, second) = (odd(first)?, odd(second)?);
            let exponents = [number(dp), number(dq)];
            let fits = first.bits_vartime().max(second.bits_vartime()) < public.modulus.bits_vartime();
            fits.then(|| Factors { first, second, exponents, inverse: number(inverse) })
        });
        if number(private).bits_vartime() > LONGEST {
            return Err("crypto/rsa: invalid private exponent".to_owned());
        }
        Ok(Self { public, exponent: number(private), factors })
    }

    /// # Errors
    /// The key cannot sign that hash, or is none.
    pub(super) fn sign(&self, hash: Hash, text: &[u8]) -> Result<Vec<u8>, String> {
        let size = self.public.size()?;
        let padded = padded(hash, text, size).ok_or("crypto/rsa: message too long for RSA key size")?;
        let base = BoxedUint::from_be_slice(&padded, self.public.modulus.bits_precision());
        let base = base.map_err(|_| "crypto/rsa: internal error")?;
        let power = match &self.factors {
            Some(factors) => factors.power(&base),
            None => {
                let params = BoxedMontyParams::new(self.public.modulus.clone());
                BoxedMontyForm::new(base, &params).pow(&self.exponent).retrieve()
            }
        };
        let signature = sized(&power, size);
        // A signature made with wrong factors could give the right ones away.
        match self.public.apply(&signature) {
            Some(opened) if opened == padded => Ok(signature),
            _ => Err("crypto/rsa: internal error".to_owned()),
        }
    }
}

impl Factors {
    /// `base` to the power of the private exponent, by way of its remainders.
    fn power(&self, base: &BoxedUint) -> BoxedUint {
        let [dp, dq] = &self.exponents;
        let part = |modulus: &Odd<BoxedUint>, value: &BoxedUint| {
            let params = BoxedMontyParams::new(modulus.clone());
            BoxedMontyForm::new(value.rem(modulus.as_nz_ref()), &params)
        };
        let second = part(&self.second, base).pow(dq).retrieve();
        let difference = part(&self.first, base).pow(dp) - part(&self.first, &second);
        let steps = (difference * part(&self.first, &self.inverse)).retrieve();
        let product = steps.concatenating_mul(self.second.as_ref());
        let width = product.bits_precision().max(second.bits_precision());
        let second = second.resize_unchecked(width);
        product.wrapping_add(&second)
    }
}

/// A number as exactly so many bytes.
fn sized(number: &BoxedUint, size: usize) -> Vec<u8> {
    let digits = number.to_be_bytes();
    let mut bytes = vec![0; size];
    bytes.iter_mut().rev().zip(digits.iter().rev()).for_each(|(slot, digit)| *slot = *digit);
    bytes
}

/// The hash of a text as it is signed: behind padding and the name of the algorithm.
fn padded(hash: Hash, text: &[u8], size: usize) -> Option<Vec<u8>> {
    let (name, length) = match hash {
        Hash::Sha256 => (1, 32),
        Hash::Sha384 => (2, 48),
        Hash::Sha512 => (3, 64),
    };
    let prefix = [
        0x30,
        0x11 + length,
        0x30,
        0x0d,
        0x06,
        0x09,
        0x60,
        0x86,
        0x48,
        0x01,
        0x65,
        0x03,
        0x04,
        0x02,
        name,
        0x05,
        0x00,
        0x04,
        length,
    ];
    let fill = size.checked_sub(prefix.len() + usize::from(length) + 3).filter(|fill| *fill >= 8)?;
    let mut padded = vec![0, 1];
    padded.resize(2 + fill, 0xff);
    padded.push(0);
    padded.extend(prefix);
    padded.extend(hash.of(text));
    Some(padded)
}
