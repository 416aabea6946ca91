//! The one macro that turns a list of facts into an enum with fixed tags, a canonical form and a glossary.

/// Declares a subject's facts: `[tag] Name { field: Type, … }`, each under its one sentence.
macro_rules! facts {
    (
        $(#[doc = $subject_doc:literal])+
        $subject:literal $type:ident {
            $($(#[doc = $doc:literal])+ [$tag:literal] $name:ident { $($field:ident: $field_type:ty),* $(,)? })*
        }
    ) => {
        $(#[doc = $subject_doc])+
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "the fields are named by the words of the fact's sentence")]
        pub enum $type { $($(#[doc = $doc])+ $name { $($field: $field_type),* }),* }

        impl $type {
            /// The fact's name.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name { .. } => stringify!($name)),* }
            }

            pub(super) fn tag(&self) -> u16 {
                match self { $(Self::$name { .. } => $tag),* }
            }

            pub(super) fn put_fields(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$name { $($field),* } => {
                        $($crate::event::canonical::Field::put($field, out);)*
                    })*
                }
                let _ = out;
            }

            pub(super) fn take_fields(tag: u16, input: &mut &[u8]) -> Result<Option<Self>, $crate::error::Fault> {
                let _ = &input;
                Ok(match tag {
                    $($tag => Some(Self::$name { $($field: $crate::event::canonical::Field::take(input)?),* }),)*
                    _ => None,
                })
            }

            pub(super) const GLOSSARY: &[$crate::event::Entry] = &[$($crate::event::Entry {
                subject: $subject,
                name: stringify!($name),
                doc: concat!($($doc),+),
                fields: &[$(stringify!($field)),*],
            }),*];
        }
    };
}

pub(super) use facts;
