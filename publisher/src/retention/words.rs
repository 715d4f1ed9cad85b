//! Reasons in words.

use std::fmt;

use super::{Lapse, Rules, Why};

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest => write!(f, "the newest"),
            Self::Shown { channel } => write!(f, "{channel} shows it"),
            Self::Pinned { name, until: None } => write!(f, "pin {name}"),
            Self::Pinned { name, until: Some(until) } => {
                write!(f, "pin {name} until {} UTC", until.human())
            }
            Self::Grace { channel, until } => {
                write!(f, "{channel} showed it; grace until {} UTC", until.human())
            }
            Self::Young { until } => write!(f, "new until {} UTC", until.human()),
            Self::Soaking { channel, until } => {
                write!(f, "soaks for {channel} until {} UTC", until.human())
            }
            Self::Soaked { channel } => write!(f, "has soaked for {channel}"),
            Self::Before { channel } => write!(f, "a rollback of {channel} goes back to it"),
            Self::Everything => write!(f, "no keep is set: everything is kept"),
            Self::Within => write!(f, "within"),
            Self::Day(day) => write!(f, "daily {day}"),
            Self::Week(monday) => write!(f, "weekly {monday}"),
            Self::Month(first) => write!(f, "monthly {}", first.strftime("%Y-%m")),
            Self::Year(year) => write!(f, "yearly {year}"),
        }
    }
}

impl fmt::Display for Lapse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replaced { span, by } => write!(f, "{by} stands for its {span}"),
            Self::Old => write!(f, "older than keep reaches"),
        }
    }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            ("daily", self.daily),
            ("weekly", self.weekly),
            ("monthly", self.monthly),
            ("yearly", self.yearly),
        ];
        let mut parts: Vec<String> = counts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(word, count)| format!("{word} {count}"))
            .collect();
        if let Some(within) = self.within {
            parts.push(format!("within {}s", within.as_secs()));
        }
        if parts.is_empty() { write!(f, "nothing") } else { write!(f, "{}", parts.join(", ")) }
    }
}
