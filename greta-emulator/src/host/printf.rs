//! `printf`: a format of C and its arguments as text.
//!
//! Arguments come as words of 64 bits, and strings in place, padded to such words. Flags, widths, precisions and the
//! conversions `diouxXcspfFeEgGaA%` are C's; `%n` takes its argument and does nothing; what is no conversion is printed as
//! it stands, and so is one without an argument.

/// More than C asks for, and no format makes it run out of memory.
const WIDTH_MAX: usize = 4095;
/// Bits of a double's fraction, and the bias of its exponent.
const FRACTION_BITS: u32 = 52;
const BIAS: i64 = 1023;

/// Appends the text.
pub(super) fn format(format: &[u8], arguments: &[u8], text: &mut Vec<u8>) {
    let mut arguments = Arguments { bytes: arguments };
    let mut rest = format;
    while let Some(at) = rest.iter().position(|&byte| byte == b'%') {
        text.extend(&rest[..at]);
        let mut reader = Reader { rest: &rest[at + 1..] };
        let converted = Spec::read(&mut reader, &mut arguments).and_then(|spec| spec.convert(&mut arguments));
        match converted {
            Some(converted) => {
                text.extend(converted);
                rest = reader.rest;
            }
            None => {
                text.push(b'%');
                rest = &rest[at + 1..];
            }
        }
    }
    text.extend(rest);
}

/// The arguments that are left.
struct Arguments<'a> {
    bytes: &'a [u8],
}

impl<'a> Arguments<'a> {
    fn opt_word(&mut self) -> Option<u64> {
        let (word, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(u64::from_le_bytes(*word))
    }

    fn opt_string(&mut self) -> Option<&'a [u8]> {
        if self.bytes.is_empty() {
            return None;
        }
        let (string, rest) = super::split_text(self.bytes);
        self.bytes = rest;
        Some(string)
    }
}

/// A format from behind a `%`.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn opt_next(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn takes(&mut self, byte: u8) -> bool {
        let found = self.rest.first() == Some(&byte);
        self.rest = &self.rest[usize::from(found)..];
        found
    }

    fn number(&mut self) -> usize {
        let count = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        digits.iter().fold(0, |value: usize, digit| {
            value.saturating_mul(10).saturating_add(usize::from(digit - b'0')).min(WIDTH_MAX)
        })
    }

    /// A number, or a star, whose number is an argument.
    fn opt_size(&mut self, arguments: &mut Arguments<'_>) -> Option<i64> {
        if self.takes(b'*') {
            return arguments.opt_word().map(|word| i64::from(word as i32));
        }
        Some(self.number() as i64)
    }
}

/// A conversion with all that modifies it.
struct Spec {
    alternate: bool,
    zero: bool,
    left: bool,
    plus: bool,
    space: bool,
    width: usize,
    precision: Option<usize>,
    /// Bits of an integer.
    bits: u32,
    conversion: u8,
}

impl Spec {
    fn read(reader: &mut Reader<'_>, arguments: &mut Arguments<'_>) -> Option<Self> {
        let [mut alternate, mut zero, mut left, mut plus, mut space] = [false; 5];
        while let Some(flag) = reader.rest.first() {
            match flag {
                b'#' => alternate = true,
                b'0' => zero = true,
                b'-' => left = true,
                b'+' => plus = true,
                b' ' => space = true,
                _ => break,
            }
            reader.opt_next();
        }
        let width = reader.opt_size(arguments)?;
        left |= width < 0;
        let width = (width.unsigned_abs() as usize).min(WIDTH_MAX);
        let precision = if reader.takes(b'.') { Some(reader.opt_size(arguments)?) } else { None };
        // A negative precision is as none.
        let precision = precision.and_then(|digits| usize::try_from(digits).ok()).map(|digits| digits.min(WIDTH_MAX));
        let bits = match reader.rest {
            [b'h', b'h', ..] => 8,
            [b'h', ..] => 16,
            [b'l' | b'q' | b'j' | b'z' | b't' | b'L', ..] => 64,
            _ => 32,
        };
        while matches!(reader.rest.first(), Some(b'h' | b'l' | b'q' | b'j' | b'z' | b't' | b'L')) {
            reader.opt_next();
        }
        let conversion = reader.opt_next()?;
        Some(Self { alternate, zero, left, plus, space, width, precision, bits, conversion })
    }

    /// The text; nothing for what is no conversion, or has no argument left.
    fn convert(&self, arguments: &mut Arguments<'_>) -> Option<Vec<u8>> {
        match self.conversion {
            b'%' => Some(b"%".to_vec()),
            b'd' | b'i' => {
                let shift = 64 - self.bits;
                let value = (arguments.opt_word()? << shift).cast_signed() >> shift;
                let digits = value.unsigned_abs().to_string();
                Some(self.integer(self.sign(value < 0), &digits, self.precision.unwrap_or(1)))
            }
            b'o' | b'u' | b'x' | b'X' => Some(self.unsigned(arguments.opt_word()? & (u64::MAX >> (64 - self.bits)))),
            b'c' => Some(self.pad("", vec![arguments.opt_word()? as u8], false)),
            b's' => {
                let string = arguments.opt_string()?;
                let length = self.precision.map_or(string.len(), |most| most.min(string.len()));
                Some(self.pad("", string[..length].to_vec(), false))
            }
            b'p' => Some(match arguments.opt_word()? {
                0 => self.pad("", b"(nil)".to_vec(), false),
                address => self.pad("0x", format!("{address:x}").into_bytes(), false),
            }),
            b'n' => arguments.opt_word().map(|_| Vec::new()),
            b'f' | b'F' | b'e' | b'E' | b'g' | b'G' | b'a' | b'A' => {
                let value = f64::from_bits(arguments.opt_word()?);
                let text = self.float(value);
                Some(if self.conversion.is_ascii_uppercase() { text.to_ascii_uppercase() } else { text })
            }
            _ => None,
        }
    }

    fn sign(&self, is_negative: bool) -> &'static str {
        match (is_negative, self.plus, self.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            (false, false, false) => "",
        }
    }

    fn unsigned(&self, value: u64) -> Vec<u8> {
        let (prefix, digits) = match self.conversion {
            b'o' => ("", format!("{value:o}")),
            b'x' => ("0x", format!("{value:x}")),
            b'X' => ("0X", format!("{value:X}")),
            _ => ("", value.to_string()),
        };
        let prefix = if self.alternate && value != 0 { prefix } else { "" };
        // An octal number says what it is by a zero in front, which counts for the precision.
        let is_octal = self.alternate && self.conversion == b'o';
        let least = if is_octal { digits.len() + usize::from(value != 0) } else { 0 };
        self.integer(prefix, &digits, self.precision.unwrap_or(1).max(least))
    }

    /// At least `fewest` digits; of a zero none if none are asked for.
    fn integer(&self, prefix: &str, digits: &str, fewest: usize) -> Vec<u8> {
        let digits = if digits == "0" && fewest == 0 { String::new() } else { format!("{digits:0>fewest$}") };
        self.pad(prefix, digits.into_bytes(), self.zero && self.precision.is_none())
    }

    /// Fills up to the width: with zeros behind the prefix, or with spaces.
    fn pad(&self, prefix: &str, body: Vec<u8>, is_zero_padded: bool) -> Vec<u8> {
        let missing = self.width.saturating_sub(prefix.len() + body.len());
        let fill = |byte: u8, is_here: bool| vec![byte; if is_here { missing } else { 0 }];
        let zeros = is_zero_padded && !self.left;
        [fill(b' ', !zeros && !self.left), prefix.as_bytes().to_vec(), fill(b'0', zeros), body, fill(b' ', self.left)]
            .concat()
    }

    /// In small letters.
    fn float(&self, value: f64) -> Vec<u8> {
        let sign = self.sign(value.is_sign_negative());
        let magnitude = value.abs();
        if !value.is_finite() {
            return self.pad(sign, if value.is_nan() { b"nan".to_vec() } else { b"inf".to_vec() }, false);
        }
        let digits = self.precision.unwrap_or(6);
        let (prefix, body) = match self.conversion.to_ascii_lowercase() {
            b'f' => (sign.to_owned(), self.fixed(magnitude, digits)),
            b'e' => (sign.to_owned(), self.scientific(magnitude, digits)),
            b'g' => (sign.to_owned(), self.shortest(magnitude, digits.max(1))),
            _ => (format!("{sign}0x"), self.hexadecimal(magnitude)),
        };
        self.pad(&prefix, body.into_bytes(), self.zero)
    }

    /// The point stays where nothing is behind it if the flag asks for that.
    fn fixed(&self, value: f64, digits: usize) -> String {
        let point = if self.alternate && digits == 0 { "." } else { "" };
        format!("{value:.digits$}{point}")
    }

    fn scientific(&self, value: f64, digits: usize) -> String {
        let (fraction, exponent) = exponential(value, digits);
        let point = if self.alternate && digits == 0 { "." } else { "" };
        format!("{fraction}{point}e{exponent:+03}")
    }

    /// `digits` significant ones, without zeros at the end.
    fn shortest(&self, value: f64, digits: usize) -> String {
        let (_, exponent) = exponential(value, digits - 1);
        let is_fixed = (-4..digits as i64).contains(&exponent);
        let behind = if is_fixed { (digits as i64 - 1 - exponent) as usize } else { digits - 1 };
        let text = if is_fixed { self.fixed(value, behind) } else { self.scientific(value, behind) };
        if self.alternate || behind == 0 {
            return text;
        }
        let (fraction, power) = text.split_at(text.find('e').unwrap_or(text.len()));
        let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
        format!("{fraction}{power}")
    }

    /// One digit, the fraction in sixteenths, and a power of 2, rounded to nearest even.
    fn hexadecimal(&self, value: f64) -> String {
        let bits = value.to_bits();
        let (fraction, biased) = (bits & ((1 << FRACTION_BITS) - 1), (bits >> FRACTION_BITS).cast_signed());
        let mut significand = fraction | u64::from(biased != 0) << FRACTION_BITS;
        let exponent = if value == 0.0 { 0 } else { biased.max(1) - BIAS };
        let all = FRACTION_BITS as usize / 4;
        let digits = match self.precision {
            Some(digits) => {
                let dropped = 4 * all.saturating_sub(digits) as u32;
                let half = (1_u64 << dropped) >> 1;
                let (rest, is_odd) = (significand & ((1 << dropped) - 1), significand >> dropped & 1 != 0);
                significand &= !((1 << dropped) - 1);
                if rest > half || rest == half && half != 0 && is_odd {
                    significand += 1 << dropped;
                }
                digits
            }
            None => all - (significand.trailing_zeros() / 4).min(all as u32) as usize,
        };
        let (first, fraction) = (significand >> FRACTION_BITS, significand & ((1 << FRACTION_BITS) - 1));
        let behind = format!("{:0<digits$}", &format!("{fraction:013x}")[..digits.min(all)]);
        let point = if digits > 0 || self.alternate { "." } else { "" };
        format!("{first}{point}{behind}p{exponent:+}")
    }
}

/// The fraction with `digits` behind its point, and the power of 10.
fn exponential(value: f64, digits: usize) -> (String, i64) {
    let text = format!("{value:.digits$e}");
    let (fraction, exponent) = text.split_once('e').expect("invariant: the format writes an exponent");
    (fraction.to_owned(), exponent.parse().expect("invariant: the exponent is a number"))
}

#[cfg(test)]
#[allow(unsafe_code, reason = "the C library says what the text is")]
mod tests {
    use std::ffi::CString;

    use proptest::prelude::*;

    /// What the C library makes of a conversion of one argument.
    fn by_c(format: &str, argument: Argument) -> Vec<u8> {
        let (format, mut text) = (CString::new(format).unwrap(), vec![0_u8; 8192]);
        let (start, room) = (text.as_mut_ptr().cast(), text.len());
        // SAFETY: the format has one conversion, of the argument's type; the text has room for what it says.
        let length = unsafe {
            match argument {
                Argument::Word(word) => libc::snprintf(start, room, format.as_ptr(), word),
                Argument::Float(float) => libc::snprintf(start, room, format.as_ptr(), float),
            }
        };
        text.truncate(length as usize);
        text
    }

    #[derive(Debug, Clone, Copy)]
    enum Argument {
        Word(u64),
        Float(f64),
    }

    fn by_us(format: &str, argument: Argument) -> Vec<u8> {
        let word = match argument {
            Argument::Word(word) => word,
            Argument::Float(float) => float.to_bits(),
        };
        let mut text = Vec::new();
        super::format(format.as_bytes(), &word.to_le_bytes(), &mut text);
        text
    }

    fn check(format: &str, argument: Argument) {
        let (ours, expected) = (by_us(format, argument), by_c(format, argument));
        let [ours, expected] = [ours, expected].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert_eq!(ours, expected, "{format} of {argument:?}");
    }

    const FLAGS: &str = "[-+ #0]{0,3}([1-9][0-9]?)?(\\.([0-9]|[12][0-9])?)?";

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn integers_are_as_c_writes_them(flags in FLAGS, length in "(hh|h|l|ll|j|z|t)?", kind in "[diouxX]", word in any::<u64>(), shift in 0_u32..64) {
            check(&format!("<%{flags}{length}{kind}>"), Argument::Word(word >> shift));
        }

        #[test]
        fn floats_are_as_c_writes_them(flags in FLAGS, kind in "[fFeEgGaA]", bits in any::<u64>(), decimals in -2000_i32..2000) {
            for value in [f64::from_bits(bits), f64::from(decimals) / 8.0, f64::from(f32::from_bits(bits as u32))] {
                // The sign of a NaN is C's own business, and zeros are missing where its library rounds `%#g` up to a power.
                let is_particular = value.is_nan() || flags.contains('#') && kind.eq_ignore_ascii_case("g");
                if !is_particular {
                    check(&format!("<%{flags}{kind}>"), Argument::Float(value));
                }
            }
        }

        #[test]
        fn any_format_and_arguments_have_a_text(format in any::<Vec<u8>>(), arguments in any::<Vec<u8>>(), more in "%[-+ #0-9.*a-zA-Z%]{0,12}") {
            super::format(&format, &arguments, &mut Vec::new());
            super::format(more.as_bytes(), &arguments, &mut Vec::new());
        }
    }

    #[test]
    fn special_values_are_as_c_writes_them() {
        for value in
            [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE / 2.0, f64::MAX, 9.5, 0.5, 1e5, 999_999.0]
        {
            for kind in
                ["%f", "%.0f", "%#.0f", "%e", "%g", "%G", "%#g", "%a", "%.0a", "%.3A", "%+012.3f", "%-12g|", "% .9g"]
            {
                check(kind, Argument::Float(value));
            }
        }
        check("%p", Argument::Word(0));
        check("%20p", Argument::Word(0x7f00_1234));
        check("%c%%", Argument::Word(65));
        check("%#.0x%%", Argument::Word(0));
    }

    #[test]
    fn strings_and_stars_take_their_arguments_in_place() {
        let words = [3_u64, 2].map(u64::to_le_bytes).concat();
        let arguments =
            [words.as_slice(), b"abcdefgh\0\0\0\0\0\0\0\0", &7_u64.to_le_bytes(), b"\0\0\0\0\0\0\0\0"].concat();
        let mut text = Vec::new();
        super::format(b"[%*.*s] %d [%s] %d %y", &arguments, &mut text);
        assert_eq!(String::from_utf8(text).unwrap(), "[ ab] 7 [] %d %y");
    }
}
