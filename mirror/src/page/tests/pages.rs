//! Pages of one folder as the servers wrote them, shortened.

pub(super) const NGINX: &str = r#"<html>
<head><title>Index of /pub/x/</title></head>
<body>
<h1>Index of /pub/x/</h1><hr><pre><a href="../">../</a>
<a href="sub/">sub/</a>                                               27-Nov-2026 05:59                   -
<a href="%23hash%3Fquery%3Bx.txt">its name..&gt;</a>                          23-Mar-2026 04:00                   2
<a href="100%25.txt">its name..&gt;</a>                          23-Mar-2026 04:00                   2
<a href="averyveryveryverylongnamethatisindeedlongerthanfiftycharactersinall-1.0.tar.gz">its name..&gt;</a>                          23-Mar-2026 04:00                1500
<a href="big.iso">its name..&gt;</a>                          23-Mar-2026 04:00             3000000
<a href="gr%C3%BCn.txt">its name..&gt;</a>                          23-Mar-2026 04:00                   2
<a href="it%27s%20%22quoted%22%20%26%20%3Cb%3E.txt">its name..&gt;</a>                          23-Mar-2026 04:00                   2
<a href="pkg-1%3A2.0%2Bb~1_all.deb">its name..&gt;</a>                          23-Mar-2026 04:00                   2
</pre><hr></body>
</html>
"#;

pub(super) const APACHE_PLAIN: &str = r#"<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">
<html>
 <head>
  <title>Index of /pub/x</title>
 </head>
 <body>
<h1>Index of /pub/x</h1>
<ul><li><a href="/pub/"> Parent Directory</a></li>
<li><a href="%23hash%3fquery;x.txt"> its &quot;name&quot; &amp; more</a></li>
<li><a href="100%25.txt"> its &quot;name&quot; &amp; more</a></li>
<li><a href="averyveryveryverylongnamethatisindeedlongerthanfiftycharactersinall-1.0.tar.gz"> its &quot;name&quot; &amp; more</a></li>
<li><a href="big.iso"> its &quot;name&quot; &amp; more</a></li>
<li><a href="gr%c3%bcn.txt"> its &quot;name&quot; &amp; more</a></li>
<li><a href="it's%20%22quoted%22%20&amp;%20%3cb%3e.txt"> its &quot;name&quot; &amp; more</a></li>
<li><a href="./pkg-1:2.0+b~1_all.deb"> its &quot;name&quot; &amp; more</a></li>
<li><a href="sub/"> sub/</a></li>
</ul>
</body></html>
"#;

pub(super) const APACHE_FANCY: &str = r#"<html>
 <head>
  <title>Index of /pub/x</title>
 </head>
 <body>
<h1>Index of /pub/x</h1>
<pre>      <a href="?C=N;O=D">Name</a>   <a href="?C=M;O=A">Last modified</a>      <a href="?C=S;O=A">Size</a>  <a href="?C=D;O=A">Description</a><hr><img src="/icons/folder.gif" alt="[PARENTDIR]"> <a href="/pub/">Parent Directory</a>                             -   
<img src="/icons/unknown.gif" alt="[   ]"> <a href="%23hash%3fquery;x.txt">its name..&gt;</a>  2026-03-23 04:00    2  
<img src="/icons/unknown.gif" alt="[   ]"> <a href="100%25.txt">its name..&gt;</a>  2026-03-23 04:00    2  
<img src="/icons/unknown.gif" alt="[   ]"> <a href="averyveryveryverylongnamethatisindeedlongerthanfiftycharactersinall-1.0.tar.gz">its name..&gt;</a>  2026-03-23 04:00 1.5K  
<img src="/icons/unknown.gif" alt="[   ]"> <a href="big.iso">its name..&gt;</a>  2026-03-23 04:00 2.9M  An image of 12 parts
<img src="/icons/unknown.gif" alt="[   ]"> <a href="gr%c3%bcn.txt">its name..&gt;</a>  2026-03-23 04:00    2  
<img src="/icons/unknown.gif" alt="[   ]"> <a href="it's%20%22quoted%22%20&amp;%20%3cb%3e.txt">its name..&gt;</a>  2026-03-23 04:00    2  
<img src="/icons/unknown.gif" alt="[   ]"> <a href="./pkg-1:2.0+b~1_all.deb">its name..&gt;</a>  2026-03-23 04:00    2  
<img src="/icons/folder.gif" alt="[DIR]"> <a href="sub/">sub/</a>                    2026-11-27 05:59    -   
<hr></pre>
<address>Apache/2.4.71 (Debian) Server at example.org Port 80, 2026-11-27 05:59 up 3</address>
</body></html>
"#;

pub(super) const APACHE_TABLE: &str = r#"<h1>Index of /pub/x</h1>
  <table>
   <tr><th valign="top">&nbsp;</th><th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">Last modified</a></th></tr>
   <tr><th colspan="5"><hr></th></tr>
<tr><td valign="top"><img src="/icons/folder.gif" alt="[PARENTDIR]"></td><td><a href="/pub/">Parent Directory</a></td><td>&nbsp;</td><td align="right">  - </td><td>&nbsp;</td></tr>
<tr><td valign="top"><img src="/icons/unknown.gif" alt="[   ]"></td><td><a href="%23hash%3fquery;x.txt">its name..&gt;</a></td><td align="right">2026-03-23 04:00  </td><td align="right">  2 </td><td>&nbsp;</td></tr>
<tr><td valign="top"><img src="/icons/unknown.gif" alt="[   ]"></td><td><a href="100%25.txt">its name..&gt;</a></td><td align="right">2026-03-23 04:00  </td><td align="right">  2 </td><td>&nbsp;</td></tr>
<tr><td valign="top"><img src="/icons/unknown.gif" alt="[   ]"></td><td><a href="averyveryveryverylongnamethatisindeedlongerthanfiftycharactersinall-1.0.tar.gz">its name..&gt;</a></td><td align="right">2026-03-23 04:00  </td><td align="right">1.5K </td><td>&nbsp;</td></tr>
<tr><td valign="top"><img src="/icons/unknown.gif" alt="[   ]"></td><td><a href="big.iso">its name..&gt;</a></td><td align="right">2026-03-23 04:00  </td><td align="right">2.9M </td><td>&nbsp;</td></tr>
<tr><td valign="top"><img src="/icons/unknown.gif" alt="[   ]"></td><td><a href="gr%c3%bcn.txt">its name..&gt;</a></td><td align="right">2026-03-23 04:00  </td><td align="right">  2 </td><td>&nbsp;</td></tr>
<tr><td valign="top"><img src="/icons/unknown.gif" alt="[   ]"></td><td><a href="it's%20%22quoted%22%20&amp;%20%3cb%3e.txt">its name..&gt;</a></td><td align="right">2026-03-23 04:00  </td><td align="right">  2 </td><td>&nbsp;</td></tr>
<tr><td valign="top"><img src="/icons/unknown.gif" alt="[   ]"></td><td><a href="./pkg-1:2.0+b~1_all.deb">its name..&gt;</a></td><td align="right">2026-03-23 04:00  </td><td align="right">  2 </td><td>&nbsp;</td></tr>
<tr><td valign="top"><img src="/icons/folder.gif" alt="[DIR]"></td><td><a href="sub/">sub/</a></td><td align="right">2026-11-27 05:59  </td><td align="right">  - </td><td>&nbsp;</td></tr>
</table>
"#;

pub(super) const LIGHTTPD: &str = r#"<h2>Index of /pub/x/</h2>
<table summary="Directory Listing" cellpadding="0" cellspacing="0">
<thead><tr><th class="n">Name</th><th class="m">Last Modified</th><th class="s">Size</th><th class="t">Type</th></tr></thead>
<tbody>
<tr class="d"><td class="n"><a href="../">..</a>/</td><td class="m">&nbsp;</td><td class="s">- &nbsp;</td><td class="t">Directory</td></tr>
<tr class="d"><td class="n"><a href="sub/">sub</a>/</td><td class="m">2026-Nov-27 05:59:15</td><td class="s">- &nbsp;</td><td class="t">Directory</td></tr>
<tr><td class="n"><a href="%23hash%3Fquery%3Bx.txt">it&#x27;s its &#x26; name</a></td><td class="m">2026-Mar-23 04:00:10</td><td class="s">0.1K</td><td class="t">application/octet-stream</td></tr>
<tr><td class="n"><a href="100%25.txt">it&#x27;s its &#x26; name</a></td><td class="m">2026-Mar-23 04:00:10</td><td class="s">0.1K</td><td class="t">application/octet-stream</td></tr>
<tr><td class="n"><a href="averyveryveryverylongnamethatisindeedlongerthanfiftycharactersinall-1.0.tar.gz">it&#x27;s its &#x26; name</a></td><td class="m">2026-Mar-23 04:00:10</td><td class="s">1.4K</td><td class="t">application/octet-stream</td></tr>
<tr><td class="n"><a href="big.iso">it&#x27;s its &#x26; name</a></td><td class="m">2026-Mar-23 04:00:10</td><td class="s">2.8M</td><td class="t">application/octet-stream</td></tr>
<tr><td class="n"><a href="gr%C3%BCn.txt">it&#x27;s its &#x26; name</a></td><td class="m">2026-Mar-23 04:00:10</td><td class="s">0.1K</td><td class="t">application/octet-stream</td></tr>
<tr><td class="n"><a href="it%27s%20%22quoted%22%20%26%20%3Cb%3E.txt">it&#x27;s its &#x26; name</a></td><td class="m">2026-Mar-23 04:00:10</td><td class="s">0.1K</td><td class="t">application/octet-stream</td></tr>
<tr><td class="n"><a href="pkg-1%3A2.0%2Bb~1_all.deb">it&#x27;s its &#x26; name</a></td><td class="m">2026-Mar-23 04:00:10</td><td class="s">0.1K</td><td class="t">application/octet-stream</td></tr>
</tbody>
</table>
<div class="foot">lighttpd/1.4.69</div>
<script type="text/javascript">
// <!--
document.write('<a href="from-a-script">');
// -->
</script>
"#;

pub(super) const CADDY: &str = r##"<h1><a href="../../">/</a><a href="../">pub</a>/<a href="">x</a>/</h1>
<th><a href="?sort=namedirfirst&order=desc" class="icon"><svg></svg></a><a href="?sort=name&order=asc">Name</a></th>
<tr class="file"><td></td><td>
  <a href="./%23hash%3Fquery%3Bx.txt"><svg width="1.5em" height="1em"><use xlink:href="#file"></use></svg>
    <span class="name">its name</span></a></td>
  <td data-order="3">2 B</td><td class="hideable"><time datetime="2026-03-23T04:00:10Z">03/23/2026 04:00:10 AM +00:00</time></td><td class="hideable"></td>
</tr>
<tr class="file"><td></td><td>
  <a href="./100%25.txt"><svg width="1.5em" height="1em"><use xlink:href="#file"></use></svg>
    <span class="name">its name</span></a></td>
  <td data-order="3">2 B</td><td class="hideable"><time datetime="2026-03-23T04:00:10Z">03/23/2026 04:00:10 AM +00:00</time></td><td class="hideable"></td>
</tr>
<tr class="file"><td></td><td>
  <a href="./averyveryveryverylongnamethatisindeedlongerthanfiftycharactersinall-1.0.tar.gz"><svg width="1.5em" height="1em"><use xlink:href="#file"></use></svg>
    <span class="name">its name</span></a></td>
  <td data-order="3">1.5 KiB</td><td class="hideable"><time datetime="2026-03-23T04:00:10Z">03/23/2026 04:00:10 AM +00:00</time></td><td class="hideable"></td>
</tr>
<tr class="file"><td></td><td>
  <a href="./big.iso"><svg width="1.5em" height="1em"><use xlink:href="#file"></use></svg>
    <span class="name">its name</span></a></td>
  <td data-order="3">2.9 MiB</td><td class="hideable"><time datetime="2026-03-23T04:00:10Z">03/23/2026 04:00:10 AM +00:00</time></td><td class="hideable"></td>
</tr>
<tr class="file"><td></td><td>
  <a href="./gr%C3%BCn.txt"><svg width="1.5em" height="1em"><use xlink:href="#file"></use></svg>
    <span class="name">its name</span></a></td>
  <td data-order="3">2 B</td><td class="hideable"><time datetime="2026-03-23T04:00:10Z">03/23/2026 04:00:10 AM +00:00</time></td><td class="hideable"></td>
</tr>
<tr class="file"><td></td><td>
  <a href="./it%27s%20%22quoted%22%20%26%20%3Cb%3E.txt"><svg width="1.5em" height="1em"><use xlink:href="#file"></use></svg>
    <span class="name">its name</span></a></td>
  <td data-order="3">2 B</td><td class="hideable"><time datetime="2026-03-23T04:00:10Z">03/23/2026 04:00:10 AM +00:00</time></td><td class="hideable"></td>
</tr>
<tr class="file"><td></td><td>
  <a href="./pkg-1%3A2.0%2Bb~1_all.deb"><svg width="1.5em" height="1em"><use xlink:href="#file"></use></svg>
    <span class="name">its name</span></a></td>
  <td data-order="3">2 B</td><td class="hideable"><time datetime="2026-03-23T04:00:10Z">03/23/2026 04:00:10 AM +00:00</time></td><td class="hideable"></td>
</tr>
<tr class="file"><td></td><td>
  <a href="./sub/"><svg width="1.5em" height="1em"><use xlink:href="#file"></use></svg>
    <span class="name">its name</span></a></td>
  <td data-order="3">&mdash;</td><td class="hideable"><time datetime="2026-03-23T04:00:10Z">03/23/2026 04:00:10 AM +00:00</time></td><td class="hideable"></td>
</tr>
<footer>Served with <a rel="noopener noreferrer" href="https://caddyserver.com">Caddy</a></footer>
"##;

pub(super) const PYTHON: &str = r#"<!DOCTYPE HTML>
<html lang="en">
<title>Directory listing for /pub/x/</title>
<h1>Directory listing for /pub/x/</h1>
<hr>
<ul>
<li><a href="%23hash%3Fquery%3Bx.txt">its name@</a></li>
<li><a href="100%25.txt">its name@</a></li>
<li><a href="averyveryveryverylongnamethatisindeedlongerthanfiftycharactersinall-1.0.tar.gz">its name@</a></li>
<li><a href="big.iso">its name@</a></li>
<li><a href="gr%C3%BCn.txt">its name@</a></li>
<li><a href="it%27s%20%22quoted%22%20%26%20%3Cb%3E.txt">its name@</a></li>
<li><a href="pkg-1%3A2.0%2Bb~1_all.deb">its name@</a></li>
<li><a href="sub/">sub/</a></li>
</ul>
<hr>
"#;
