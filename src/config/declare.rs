//! The one macro that turns a list of keys into a struct, its defaults per profile, and a setter by key.

use thiserror::Error;

/// Why a setting was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// No modelled key of this struct has that name.
    #[error("unknown key `{0}`")]
    UnknownKey(String),
    /// The key is right, the value is not.
    #[error("`{key}` cannot be `{value}`: {why}")]
    BadValue {
        /// The key.
        key: &'static str,
        /// The value as given.
        value: String,
        /// What it may be.
        why: String,
    },
}

/// A modelled key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Kafka's name for it.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub doc: &'static str,
    /// Its default in Kafka.
    pub kafka: &'static str,
    /// Its default in the profile `fast`.
    pub fast: &'static str,
}

/// Declares a configuration: `"kafka.key" field: Type = "Kafka's default" | "default in fast"`, each under its sentence.
macro_rules! config {
    (
        $(#[doc = $struct_doc:literal])+
        $name:ident {
            $($(#[doc = $doc:literal])+ $key:literal $field:ident: $type:ty = $kafka:literal | $fast:literal),* $(,)?
        }
    ) => {
        $(#[doc = $struct_doc])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name { $($(#[doc = $doc])+ pub $field: $type),* }

        impl $name {
            /// Every modelled key.
            pub const KEYS: &[$crate::config::Key] = &[$($crate::config::Key {
                name: $key,
                doc: concat!($($doc),+),
                kafka: $kafka,
                fast: $fast,
            }),*];

            /// The defaults of a profile.
            #[must_use]
            pub fn of(profile: $crate::config::Profile) -> Self {
                let pick = |kafka, fast| match profile {
                    $crate::config::Profile::Kafka => kafka,
                    $crate::config::Profile::Fast => fast,
                };
                Self { $($field: $crate::config::Value::parse(pick($kafka, $fast)).expect("defaults are well formed")),* }
            }

            /// The value of one key as text; `None` for a key that is not modelled here.
            #[must_use]
            pub fn get(&self, key: &str) -> Option<String> {
                match key {
                    $($key => Some($crate::config::Value::text(&self.$field)),)*
                    _ => None,
                }
            }

            /// Sets one key. Errors: [`ConfigError`](crate::config::ConfigError).
            pub fn set(&mut self, key: &str, value: &str) -> Result<(), $crate::config::ConfigError> {
                match key {
                    $($key => {
                        self.$field = $crate::config::Value::parse(value).map_err(|why| {
                            $crate::config::ConfigError::BadValue { key: $key, value: value.to_owned(), why }
                        })?;
                        Ok(())
                    })*
                    _ => Err($crate::config::ConfigError::UnknownKey(key.to_owned())),
                }
            }
        }
    };
}

pub(super) use config;
