//! An expression's tokens as its author would write them: for messages.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// The text of an expression: operators between spaces, brackets close to what is inside them.
pub(crate) fn of(tokens: TokenStream) -> String {
    let mut text = String::new();
    // Whether the next token is written without a space before it.
    let mut close = true;
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, shut) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{ ", " }"),
                    Delimiter::None => ("", ""),
                };
                let is_call = text.ends_with(|last: char| last.is_alphanumeric() || last == '_');
                space(&mut text, close || is_call);
                text += &format!("{open}{}{shut}", of(group.stream()));
                close = false;
            }
            TokenTree::Punct(punct) => {
                let is_close = matches!(punct.as_char(), ',' | '.' | ':' | ';' | '?');
                space(&mut text, close || is_close);
                text.push(punct.as_char());
                let is_unary = text.ends_with(['.', ':', '!', '&']) && !text.ends_with("&&");
                close = punct.spacing() == Spacing::Joint || is_unary;
            }
            other => {
                space(&mut text, close);
                text += &other.to_string();
                close = false;
            }
        }
    }
    text
}

fn space(text: &mut String, close: bool) {
    if !close && !text.is_empty() {
        text.push(' ');
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_reads_as_it_was_written() {
        for text in [
            "BM % 32 == 0 && BN % 32 == 0",
            "BM * BK / 4 % (BM / WM * (BN / WN) * 64) == 0",
            "BM.is_power_of_two() && !(BN < 32)",
            "BM >= 32 || BN << 2 != u32::MAX",
        ] {
            assert_eq!(super::of(text.parse().unwrap()), text);
        }
    }
}
