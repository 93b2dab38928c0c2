//! Python's module finder: what a dotted name means, in a tree of files on disk or in the manifest of an upload.
//!
//! The rules are those of `importlib` (`PathFinder`, `FileFinder`). In each directory of the search path a package with
//! `__init__` wins over a module, and either ends the search. Directories without `__init__` are one namespace package
//! (PEP 420), if the whole search path has no package and no module of that name.

/// A tree of files in which modules are found.
pub(crate) trait ModuleTree {
    /// A name in a directory: what `NAME/`, `NAME/__init__.py` and `NAME.py` have in common.
    type Place: Clone;
    type File;
    type Error;

    /// The place of a name in the directory of another place; `None` if nothing can be imported from there.
    fn place(&self, parent: &Self::Place, name: &str) -> Option<Self::Place>;
    /// `NAME/__init__.py`.
    fn package(&self, place: &Self::Place) -> Option<Self::File>;
    /// `NAME.py`.
    fn module(&self, place: &Self::Place) -> Option<Self::File>;
    /// Whether `NAME/` is a directory that can be (a part of) a namespace package.
    fn is_namespace(&self, place: &Self::Place) -> Result<bool, Self::Error>;
    /// Whether what is here stays out of the upload: it is found only if nothing else is.
    fn is_left_out(&self, _place: &Self::Place) -> bool {
        false
    }
}

/// What one component of a dotted name leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step<File, Place> {
    /// The `__init__` of a package, and where its submodules are.
    Package(File, Vec<Place>),
    Module(File),
    /// Directories without `__init__`.
    Namespace(Vec<Place>),
    Nothing,
}

/// The file and the place types of a tree's steps.
pub(crate) type StepIn<T> = Step<<T as ModuleTree>::File, <T as ModuleTree>::Place>;

/// Finds one component in the directories of a search path.
pub(crate) fn step<T: ModuleTree>(tree: &T, search: &[T::Place], name: &str) -> Result<StepIn<T>, T::Error> {
    let (mut namespace, mut left_out) = (Vec::new(), None);
    for parent in search {
        let Some(place) = tree.place(parent, name) else { continue };
        let is_left_out = tree.is_left_out(&place);
        let found = if let Some(package) = tree.package(&place) {
            Step::Package(package, vec![place])
        } else if let Some(module) = tree.module(&place) {
            Step::Module(module)
        } else {
            if tree.is_namespace(&place)? {
                namespace.push(place);
            }
            continue;
        };
        if !is_left_out {
            return Ok(found);
        }
        left_out = left_out.or(Some(found));
    }
    Ok(match left_out {
        Some(left_out) => left_out,
        None if namespace.is_empty() => Step::Nothing,
        None => Step::Namespace(namespace),
    })
}

/// Finds a dotted name: one step for each component, or `None` if one of them leads to nothing.
pub(crate) fn find<'n, T: ModuleTree>(
    tree: &T,
    search: &[T::Place],
    components: impl IntoIterator<Item = &'n str>,
) -> Result<Option<Vec<StepIn<T>>>, T::Error> {
    let mut steps: Vec<StepIn<T>> = Vec::new();
    for component in components {
        let search = match steps.last() {
            None => search,
            Some(Step::Package(_, inside) | Step::Namespace(inside)) => inside,
            Some(Step::Module(_) | Step::Nothing) => &[],
        };
        match step(tree, search, component)? {
            Step::Nothing => return Ok(None),
            found => steps.push(found),
        }
    }
    Ok(Some(steps))
}

/// The dotted name of a file or directory by its path below a directory of the search path: `src.core` of `src/core`,
/// `src/core.py` and `src/core/__init__.py`. Empty for the directory itself.
pub(crate) fn dotted_name(path: &str) -> String {
    let module = path.strip_suffix(".py").map_or(path, |module| match module.strip_suffix("__init__") {
        Some(above) if above.is_empty() || above.ends_with('/') => above,
        _ => module,
    });
    module.trim_end_matches('/').replace('/', ".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::convert::Infallible;

    /// Paths of files; one that starts with `-` is left out of the upload.
    struct Paths(BTreeSet<&'static str>);

    impl Paths {
        fn has(&self, path: &str) -> bool {
            self.0.iter().any(|known| known.trim_start_matches('-') == path)
        }
    }

    impl ModuleTree for Paths {
        type Place = String;
        type File = String;
        type Error = Infallible;

        fn place(&self, parent: &String, name: &str) -> Option<String> {
            Some(format!("{parent}/{name}"))
        }
        fn package(&self, place: &String) -> Option<String> {
            Some(format!("{place}/__init__.py")).filter(|file| self.has(file))
        }
        fn module(&self, place: &String) -> Option<String> {
            Some(format!("{place}.py")).filter(|file| self.has(file))
        }
        fn is_namespace(&self, place: &String) -> Result<bool, Infallible> {
            Ok(self.0.iter().any(|known| known.starts_with(&format!("{place}/"))))
        }
        fn is_left_out(&self, place: &String) -> bool {
            self.0.contains(format!("-{place}.py").as_str())
        }
    }

    #[test]
    fn a_package_wins_over_a_module_and_either_over_directories() {
        let tree = Paths(["a/x/__init__.py", "a/x.py", "a/y.py", "b/y/__init__.py", "a/z/m.py", "b/z/n.py"].into());
        let search = ["a".to_owned(), "b".to_owned()];
        let found = |name: &str| {
            let Ok(found) = step(&tree, &search, name);
            found
        };
        assert_eq!(found("x"), Step::Package("a/x/__init__.py".into(), vec!["a/x".into()]));
        assert_eq!(found("y"), Step::Module("a/y.py".into()));
        assert_eq!(found("z"), Step::Namespace(vec!["a/z".into(), "b/z".into()]));
        assert_eq!(found("none"), Step::Nothing);
        let last = |name: &str| {
            let Ok(found) = find(&tree, &search, name.split('.'));
            found.and_then(|steps| steps.into_iter().next_back())
        };
        assert_eq!(last("z.n"), Some(Step::Module("b/z/n.py".into())));
        assert_eq!((last("y.m"), last("x.m")), (None, None), "below a module, and below a package that wins");
    }

    #[test]
    fn what_is_left_out_is_found_last() {
        let search = ["a".to_owned(), "b".to_owned()];
        for (files, expected) in [(["-a/x.py", "b/x.py"], "b/x.py"), (["-a/x.py", "-b/x.py"], "a/x.py")] {
            let Ok(found) = step(&Paths(files.into()), &search, "x");
            assert_eq!(found, Step::Module(expected.to_owned()));
        }
    }

    #[test]
    fn dotted_names() {
        for (path, expected) in [
            ("src/core/__init__.py", "src.core"),
            ("src/core.py", "src.core"),
            ("src/core", "src.core"),
            ("src/my__init__.py", "src.my__init__"),
            ("__init__.py", ""),
            ("", ""),
        ] {
            assert_eq!(dotted_name(path), expected, "{path}");
        }
    }
}
