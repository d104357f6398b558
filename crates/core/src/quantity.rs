//! Kubernetes quantities: `500m`, `1Gi`, `0.5`, `1e3`.
//! Source: k8s.io/apimachinery, `resource.Quantity`, serialization format.

/// The amount a quantity stands for, in its base unit (cores, bytes, pieces). `None` for text that is no quantity.
pub fn parse(text: &str) -> Option<f64> {
    let split = text
        .char_indices()
        .find(|&(at, character)| {
            !(character.is_ascii_digit() || character == '.' || at == 0 && matches!(character, '+' | '-'))
        })
        .map_or(text.len(), |(at, _)| at);
    let (digits, suffix) = text.split_at(split);
    let number: f64 = digits.parse().ok()?;
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        "Pi" => 1_125_899_906_842_624.0,
        "Ei" => 1_152_921_504_606_846_976.0,
        exponent => {
            let power: i32 = exponent.strip_prefix(['e', 'E'])?.parse().ok()?;
            10f64.powi(power)
        }
    };
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn quantities_have_the_amount_kubernetes_gives_them() {
        for (text, amount) in [
            ("500m", 0.5),
            ("1Gi", 1_073_741_824.0),
            ("2", 2.0),
            ("1e3", 1000.0),
            ("1E", 1e18),
            ("-5k", -5000.0),
        ] {
            assert_eq!(parse(text), Some(amount), "{text}");
        }
        for text in ["", "Gi", "1gi", "1 Gi", "1.2.3", "abc"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
