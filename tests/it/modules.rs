//! Dependencies between modules point down: among the modules of one directory, no two need each other.
//!
//! A module may use what its parent declares, and a parent uses its children: only siblings, with all that is below them,
//! are compared.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use syn::{Item, UseTree};

/// `["gates", "size"]` for src/gates/size.rs; empty for the root of the crate.
type Module = Vec<String>;

struct Source {
    /// Every path that it names, from the root of the crate.
    paths: BTreeSet<Module>,
    /// What it exports under another module's name: `Cleared` as `gates::checked::Cleared`.
    reexports: BTreeMap<String, Module>,
}

fn crate_sources(root: &Path) -> BTreeMap<Module, syn::File> {
    let files = walkdir::WalkDir::new(root).into_iter().map(Result::unwrap);
    files
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"))
        .map(|entry| {
            let name = entry.path().strip_prefix(root).unwrap().with_extension("");
            let module: Module = name.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            let file = syn::parse_file(&std::fs::read_to_string(entry.path()).unwrap()).unwrap();
            (if module == ["main"] { Module::new() } else { module }, file)
        })
        .filter(|(module, _)| !module.iter().any(|part| part == "tests" || part.ends_with("_tests")))
        .collect()
}

fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.to_token_stream().to_string().replace(' ', "");
        text == "#[cfg(test)]" || text == "#[test]"
    })
}

fn attributes(item: &Item) -> &[syn::Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn flatten(tree: &UseTree, before: &[String], found: &mut Vec<(Vec<String>, String)>) {
    let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
    match tree {
        UseTree::Path(path) => flatten(&path.tree, &with(&path.ident), found),
        UseTree::Name(name) if name.ident == "self" => {
            found.push((before.to_vec(), before.last().cloned().unwrap_or_default()));
        }
        UseTree::Name(name) => found.push((with(&name.ident), name.ident.to_string())),
        UseTree::Rename(renamed) => found.push((with(&renamed.ident), renamed.rename.to_string())),
        UseTree::Glob(_) => found.push((before.to_vec(), String::new())),
        UseTree::Group(group) => group.items.iter().for_each(|item| flatten(item, before, found)),
    }
}

/// Every `a::b::c` in tokens, those in macros too.
fn paths_in(tokens: TokenStream, found: &mut BTreeSet<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 {
                    found.insert(std::mem::take(&mut path));
                }
                path.push(name.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            other => {
                found.insert(std::mem::take(&mut path));
                colons = 0;
                if let TokenTree::Group(group) = other {
                    paths_in(group.stream(), found);
                }
            }
        }
    }
    found.insert(path);
}

/// From the root of the crate; `None` for a path of another crate.
fn absolute(
    module: &Module,
    path: &[String],
    names: &BTreeMap<String, Module>,
    all: &BTreeSet<Module>,
) -> Option<Module> {
    let first = path.first()?;
    if first == "crate" {
        return Some(path[1..].to_vec());
    }
    let ups = path.iter().take_while(|part| *part == "super").count();
    if ups > 0 {
        return Some([&module[..module.len().checked_sub(ups)?], &path[ups..]].concat());
    }
    if let Some(imported) = names.get(first) {
        return Some([imported.as_slice(), &path[1..]].concat());
    }
    let child = [module.as_slice(), std::slice::from_ref(first)].concat();
    all.contains(&child).then(|| [module.as_slice(), path].concat())
}

fn read(module: &Module, file: &syn::File, all: &BTreeSet<Module>) -> Source {
    let (mut imports, mut paths, mut reexports) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
    let items: Vec<&Item> = file.items.iter().filter(|item| !is_test_only(attributes(item))).collect();
    for item in &items {
        if let Item::Use(item) = item {
            let mut found = Vec::new();
            flatten(&item.tree, &[], &mut found);
            let public = !matches!(item.vis, syn::Visibility::Inherited);
            imports.extend(found.into_iter().map(|(path, name)| (path, name, public)));
        }
    }
    let mut names = BTreeMap::new();
    for (path, name, public) in imports {
        if let Some(path) = absolute(module, &path, &BTreeMap::new(), all) {
            names.insert(name.clone(), path.clone());
            if public {
                reexports.insert(name, path.clone());
            }
            paths.insert(path);
        }
    }
    let mut found = BTreeSet::new();
    items
        .iter()
        .filter(|item| !matches!(item, Item::Use(_)))
        .for_each(|item| paths_in(item.to_token_stream(), &mut found));
    paths.extend(found.iter().filter(|path| path.len() > 1).filter_map(|path| absolute(module, path, &names, all)));
    Source { paths, reexports }
}

/// The module that has what a path names, seen through re-exports.
fn owner(path: &Module, sources: &BTreeMap<Module, Source>) -> Option<Module> {
    let mut path = path.clone();
    for _ in 0..8 {
        let length = (0..=path.len()).rev().find(|length| sources.contains_key(&path[..*length]))?;
        let module = path[..length].to_vec();
        let Some(name) = path.get(length) else { return Some(module) };
        match sources[&module].reexports.get(name) {
            Some(target) if *target != path => path = [target.as_slice(), &path[length + 1..]].concat(),
            _ => return Some(module),
        }
    }
    None
}

/// By directory: which of its modules needs which, each with one path as evidence.
type Needs = BTreeMap<Module, BTreeMap<(String, String), String>>;

fn needs(sources: &BTreeMap<Module, Source>) -> Needs {
    let mut needs = Needs::new();
    for (module, source) in sources {
        for path in &source.paths {
            let Some(target) = owner(path, sources) else { continue };
            let common = module.iter().zip(&target).take_while(|(one, other)| one == other).count();
            // A bare `use crate::gates;` says nothing until something of it is named.
            if common == module.len() || common == target.len() || *path == target && sources[&target].paths.is_empty()
            {
                continue;
            }
            needs
                .entry(module[..common].to_vec())
                .or_default()
                .entry((module[common].clone(), target[common].clone()))
                .or_insert_with(|| format!("{} uses {}", module.join("::"), path.join("::")));
        }
    }
    needs
}

/// What is left of a directory's arrows once every module that needs nothing, or that nothing needs, is taken away.
fn circle(arrows: &BTreeMap<(String, String), String>) -> Vec<&String> {
    let mut left: BTreeMap<&(String, String), &String> = arrows.iter().collect();
    loop {
        let from: BTreeSet<&String> = left.keys().map(|(from, _)| from).collect();
        let to: BTreeSet<&String> = left.keys().map(|(_, to)| to).collect();
        let before = left.len();
        left.retain(|(one, other), _| to.contains(one) && from.contains(other));
        if left.len() == before {
            return left.into_values().collect();
        }
    }
}

#[test]
fn no_two_modules_of_a_directory_need_each_other() {
    let files = crate_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let all: BTreeSet<Module> = files.keys().cloned().collect();
    let sources: BTreeMap<Module, Source> =
        files.iter().map(|(module, file)| (module.clone(), read(module, file, &all))).collect();
    let needs = needs(&sources);
    assert!(needs[&Module::new()].contains_key(&("session".into(), "report".into())), "the reader sees nothing");
    for (directory, arrows) in &needs {
        let circle = circle(arrows);
        assert!(
            circle.is_empty(),
            "in {}:\n{circle:#?}",
            if directory.is_empty() { "src".into() } else { directory.join("/") }
        );
    }
}

#[test]
fn two_modules_that_need_each_other_are_found() {
    let source = |paths: &[&str]| Source {
        paths: paths.iter().map(|path| path.split("::").map(str::to_owned).collect()).collect(),
        reexports: BTreeMap::new(),
    };
    let module = |name: &str| -> Module { name.split("::").map(str::to_owned).collect() };
    let mut sources = BTreeMap::from([
        (Module::new(), source(&[])),
        (module("a"), source(&["b::x::f"])),
        (module("b"), source(&["b::x::f"])),
        (module("b::x"), source(&["b::T"])),
        (module("c"), source(&["a::f"])),
    ]);
    assert!(needs(&sources).values().all(|arrows| circle(arrows).is_empty()));
    sources.insert(module("b::y"), source(&["a::f"]));
    assert_eq!(needs(&sources).values().map(|arrows| circle(arrows).len()).max(), Some(2));
}
