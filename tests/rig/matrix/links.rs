//! Symbolic links: wrangler follows those to files and passes those to directories by.

use super::case::Case;

cases! {
    a_link_to_a_file_of_the_project: Case::new("src/main.py")
        .imports("src/main.py", "from core import x\nfrom linked import x as y")
        .files(&["src/core.py", "shared/linked.py", "shared/schema.sql"])
        .link("src/linked.py", "../shared/linked.py")
        .link("src/schema.sql", "../shared/schema.sql"),

    a_link_to_a_directory_of_the_project: Case::new("src/main.py")
        .imports("src/main.py", "from core import x\nfrom shared.linked import x as y")
        .files(&["src/core.py", "common/linked.py"])
        .link("src/shared", "../common")
        .gains(&["shared/linked.py"])
        .plain_breaks("No module named 'shared'"),

    a_link_to_a_directory_of_the_project_below_src: Case::new("src/main.py")
        .imports("src/main.py", "from src.core import x\nfrom src.shared.linked import x as y")
        .files(&["src/core.py", "common/linked.py"])
        .link("src/shared", "../common")
        .keep("src/")
        .gains(&["src/shared/linked.py"])
        .plain_breaks("No module named 'src'"),

    a_link_to_a_directory_at_the_root: Case::new("main.py")
        .imports("main.py", "from src.core import x")
        .files(&["code/core.py"])
        .link("src", "code")
        .gains(&["src/core.py"])
        .plain_breaks("No module named 'src'"),

    a_link_that_leads_in_a_circle: Case::new("src/main.py")
        .imports("src/main.py", "from core import x")
        .files(&["src/core.py", "src/deep/er.py"])
        .link("src/loop", ".")
        .link("src/deep/up", "..")
        .link("src/self", "self"),

    a_link_to_a_file_outside: Case::new("src/main.py")
        .imports("src/main.py", "from core import x")
        .files(&["src/core.py"])
        .link("src/passwd.txt", "/etc/passwd")
        .refused(3, "secrets.link"),

    a_link_to_a_directory_outside: Case::new("src/main.py")
        .imports("src/main.py", "from core import x")
        .files(&["src/core.py"])
        .link("src/outside", "/etc"),

    a_link_to_nothing: Case::new("src/main.py")
        .imports("src/main.py", "from core import x")
        .files(&["src/core.py"])
        .link("src/gone.txt", "nowhere.txt")
        .plain_refuses("could not be found"),

    a_link_to_nothing_that_no_rule_takes: Case::new("src/main.py")
        .imports("src/main.py", "from core import x")
        .files(&["src/core.py"])
        .link("src/gone.toml", "nowhere.toml"),

    a_link_to_a_directory_with_a_name_that_a_rule_takes: Case::new("src/main.py")
        .imports("src/main.py", "from core import x")
        .files(&["src/core.py", "site/index.html"])
        .link("src/page.html", "../site")
        .plain_refuses("EISDIR"),

    main_is_a_link: Case::configured("wrangler.toml", &format!("main = \"src/main.py\"\n{}", super::case::BASE))
        .imports("code/entry.py", "from src.core import x")
        .files(&["src/core.py"])
        .link("src/main.py", "../code/entry.py")
        .keep("src/")
        .plain_breaks("No module named 'src'"),

    src_is_a_link: Case::configured("wrangler.toml", &format!("main = \"src/main.py\"\n{}", super::case::BASE))
        .imports("code/main.py", "from src.core import x")
        .files(&["code/core.py"])
        .link("src", "code")
        .keep("src/")
        .plain_breaks("No module named 'src'"),

    src_is_a_link_and_nothing_imports_through_it: Case::configured("wrangler.toml", &format!("main = \"src/main.py\"\n{}", super::case::BASE))
        .imports("code/main.py", "from core import x")
        .files(&["code/core.py"])
        .link("src", "code"),
}
