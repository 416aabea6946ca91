//! The glossary as a page, from the facts themselves.

use tribunal::event::Fact;

/// The page.
pub fn glossary() -> String {
    let subjects = [
        ("client", "Producers, consumers and the administrator"),
        ("replica", "Leaders, followers, the ISR and the high watermark"),
        ("log", "What a replica's log does"),
        ("controller", "What the controller decides"),
        ("raft", "The metadata log and its quorum"),
        ("group", "Groups and their coordinator"),
        ("network", "Connections and messages"),
        ("fault", "What is done to the world on purpose"),
        ("world", "Processes, clocks, disks and the run itself"),
    ];
    let all = Fact::glossary();
    let mut page = format!(
        "# Glossary: every fact that can happen\n\n\
         A run is a list of facts, and this is every fact there is: {} of them. Checks, the screen, `explain` and this book \
         know\nthese and nothing else of a broker. The page is made from the source (`src/event/mod.rs`); each sentence stands \
         above its\nfact there. In italics: what the fact tells besides its step, its time, its process and its cause.\n",
        all.len()
    );
    for entry in &all {
        assert!(subjects.iter().any(|(subject, _)| *subject == entry.subject), "{} has no heading", entry.subject);
    }
    for (subject, heading) in subjects {
        page.push_str(&format!("\n## {heading}\n\n"));
        for entry in all.iter().filter(|entry| entry.subject == subject) {
            let fields: Vec<String> = entry.fields.iter().map(|field| in_words(field)).collect();
            let fields = if fields.is_empty() { String::new() } else { format!(" *{}*", fields.join(", ")) };
            page.push_str(&format!("* **{}**: {}{fields}\n", entry.name, entry.doc.trim()));
        }
    }
    page
}

fn in_words(field: &str) -> String {
    let words = field.split('_').map(|word| match word {
        "isr" => "ISR",
        "crc" => "CRC",
        "api" => "API",
        word => word,
    });
    words.collect::<Vec<_>>().join(" ")
}
