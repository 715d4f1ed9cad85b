use super::*;

#[test]
fn only_what_http_includes_counts() {
    let text = "# http { include /no/*.conf; }\ninclude /etc/nginx/modules/*.conf;\nhttp {\n include \"/etc/nginx/conf.d/*.conf\"; # and\n\
                include\tmime.types;\n server { include /etc/nginx/inner/*.conf; }\n}\nstream{include /etc/nginx/stream/*.conf;}\n";
    assert_eq!(included(text), ["/etc/nginx/conf.d/*.conf", "mime.types"]);
    assert!(included("http { include ").is_empty() && included("} } {").is_empty());
}
