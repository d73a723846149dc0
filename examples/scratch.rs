use std::sync::Arc;use std::time::Instant;
use iamdrift::{catalog::Catalog,iam::*,solve::*,source::SourceFile};
fn main(){
 let t=Instant::now(); let cat=Catalog::embedded(); eprintln!("catalog {:?}",t.elapsed());
 let s=std::fs::read("/work/shared/data/managed-policies/aws_managed_policies_latest.json.zst").unwrap();
 let s=zstd::decode_all(&s[..]).unwrap();
 let v:serde_json::Map<String,serde_json::Value>=serde_json::from_slice(&s).unwrap();
 let t=Instant::now();
 let docs:Vec<(String,Arc<PolicyDocument>)>=v.iter().map(|(k,d)|{let f=SourceFile::new(k.clone(),d.to_string());(k.clone(),Arc::new(PolicyDocument::parse(&f,DocumentKind::Identity).unwrap_or_else(|e|panic!("{e}"))))}).collect();
 eprintln!("parsed {} {:?}",docs.len(),t.elapsed());
 let solver=Solver::new(cat);
 let refs:Vec<_>=["ReadOnlyAccess","SecurityAudit"].iter().map(|n|docs.iter().find(|d|d.0==*n).unwrap().clone()).collect();
 let worlds:&[World]=if std::env::args().any(|a|a=="closed"){&[World::Closed]}else{&[World::Closed,World::Open]};
 for r in &refs{ compare::compare(&solver,&r.1,&r.1,worlds,4);} 
 let mut times=vec![]; let mut und=0; let mut rel=std::collections::BTreeMap::new();
 for (n,d) in &docs{ for r in &refs{ let t=Instant::now(); let c=compare::compare(&solver,d,&r.1,worlds,4); let e=t.elapsed(); times.push((e,format!("{n} vs {}",r.0)));
  *rel.entry(format!("{:?}",c.relation)).or_insert(0)+=1;
  if let compare::Relation::Undecided=c.relation{und+=1; if und<15{ println!("UNDECIDED {n} vs {}: {:?} / {:?}",r.0,short(&c.a_not_b),short(&c.b_not_a));}} }
  let c=compare::compare(&solver,d,d,worlds,4); if !matches!(c.relation,compare::Relation::Equivalent){println!("SELF {n} {:?} {:?}",c.relation,short(&c.a_not_b));}
 }
 times.sort(); let n=times.len(); println!("{rel:?} undecided {und}; median {:?} p95 {:?} p99 {:?} max {:?}",times[n/2].0,times[n*95/100].0,times[n*99/100].0,times[n-1]);
 for t in times.iter().rev().take(8){println!("{t:?}");}
}
fn short(v:&Verdict)->String{match v{Verdict::Undecided(u)=>u.iter().map(|u|u.to_string()).collect::<Vec<_>>().join("; "),Verdict::Contained=>"contained".into(),Verdict::Broader(g)=>format!("broader {:?}",g.first().map(|g|&g.witness))}}
