//! clap's errors as errors of ours.

use super::split::FoundCommand;
use crate::error::{Error, ErrorKind};
use clap::error::{ContextKind, ContextValue, ErrorKind as ClapErrorKind};

/// clap's error about a command's words: its first line, and one line of help.
pub(super) fn usage(error: &clap::Error, command: &FoundCommand<'_>) -> Error {
    let name = command.name();
    if error.kind() == ClapErrorKind::MissingRequiredArgument
        && let Some(missing) = strings(error, ContextKind::InvalidArg).first()
    {
        let message = format!("`saddlebag {name}` needs `{missing}`");
        return Error::new(ErrorKind::Usage, message, hint_for_missing(missing, command));
    }
    let text = error.render().to_string();
    let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    // clap lists what there is in the line itself where it is long; ours has it in the hint.
    let message = first.split(" [possible values").next().unwrap_or(first);
    let known = strings(error, ContextKind::ValidValue);
    let hint = match (error.get(ContextKind::SuggestedValue), &known[..]) {
        (Some(ContextValue::String(close)), _) => format!("did you mean `{close}`?"),
        (_, []) => format!("see `saddlebag {name} --help`"),
        _ => format!("use one of {}", known.join(", ")),
    };
    Error::new(ErrorKind::Usage, message, hint)
}

fn strings(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::Strings(all)) => all.clone(),
        Some(ContextValue::String(one)) => vec![one.clone()],
        _ => Vec::new(),
    }
}

/// What the missing argument is, by its help.
fn hint_for_missing(missing: &str, command: &FoundCommand<'_>) -> String {
    let Some(arg) = command.definition.get_arguments().find(|arg| arg.to_string() == missing) else {
        return format!("add `{missing}`");
    };
    let values: Vec<String> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    match (values.is_empty(), help.split_at_checked(1)) {
        (false, _) => format!("use one of {}", values.join(", ")),
        (true, Some((first, rest))) => format!("add `{missing}`: {}{rest}", first.to_lowercase()),
        (true, None) => format!("add `{missing}`"),
    }
}
